import { decideRun, type ExecutionCommand } from '@cs/automation-domain';
import type { AutomationDefinition, Run, RunEvent } from '@cs/contracts';
import { appendEvents, loadAggregate, nextTime, type Eventing, type Loaded } from '@cs/eventing';
import { runAggregate } from './run.aggregate.js';

interface SessionOptions {
  readonly eventing: Eventing;
  readonly definition: AutomationDefinition;
  readonly claimId: string;
}

/**
 * A claimed run in memory. Commands are decided at once on a draft; `flush` makes the draft one
 * commit. What others wrote meanwhile (a timer, an operator) is taken in by deciding the draft's
 * commands again on top of it.
 */
export class RunSession {
  readonly #options: SessionOptions;
  #loaded: Loaded<Run | undefined>;
  #state: Run | undefined;
  #commands: ExecutionCommand[] = [];
  #events: RunEvent[] = [];
  #at: number | undefined;

  constructor(loaded: Loaded<Run | undefined>, options: SessionOptions) {
    this.#loaded = loaded;
    this.#state = loaded.state;
    this.#options = options;
  }

  /** The run with the draft applied. */
  get run(): Run {
    if (this.#state === undefined) throw new Error(`Run ${this.#loaded.ref.id} does not exist`);
    return this.#state;
  }

  /** The run as it was written last. */
  get written(): Loaded<Run | undefined> {
    return this.#loaded;
  }

  get ref(): Loaded<unknown>['ref'] {
    return this.#loaded.ref;
  }

  /** Another runner has the run: to execute it, or to pause it. */
  get isElsewhere(): boolean {
    const run = this.#state;
    return run !== undefined && 'execution_claim' in run && run.execution_claim.claim_id !== this.#options.claimId;
  }

  /** Time of the draft's events. */
  get atMs(): number {
    this.#at ??= nextTime(this.#loaded, this.#options.eventing.clock());
    return this.#at;
  }

  /** Events that are decided and not written yet. */
  get draftLength(): number {
    return this.#events.length;
  }

  /** False when the command is refused: it does not fit the run any more. */
  apply(command: ExecutionCommand): boolean {
    const decision = decideRun(command, this.#state, { at_ms: this.atMs, definition: this.#options.definition });
    if (decision.kind === 'refused') return false;
    for (const event of decision.events) this.#state = runAggregate.evolve(this.#state, { ...event, recorded_at_ms: this.atMs });
    this.#commands.push(command);
    this.#events.push(...decision.events);
    return true;
  }

  /** Writes the draft. False when the run is no longer ours to execute. */
  async flush(): Promise<boolean> {
    while (this.#events.length > 0) {
      const appended = await appendEvents({ eventing: this.#options.eventing, aggregate: runAggregate }, this.#loaded, {
        events: this.#events, folded: this.run, context: { at_ms: this.atMs, correlation_id: this.run.automation_id },
      });
      if (appended.kind === 'appended') {
        this.#begin(appended.loaded);
        return true;
      }
      if (!(await this.reload())) return false;
    }
    return true;
  }

  /** Takes in what others wrote. False when the run is no longer ours to execute. */
  async reload(): Promise<boolean> {
    const commands = this.#commands;
    const isClaimWritten = !commands.some(({ type }) => type === 'claim');
    this.#begin(await loadAggregate({ store: this.#options.eventing.store, aggregate: runAggregate }, this.#loaded.ref));
    // Whoever executes a run that is being claimed wrote to it just now, or may have: it is alive, whenever its claim expires.
    if (isClaimWritten ? !this.#isOurs() : this.isElsewhere) return false;
    for (const command of commands) {
      const applied = this.apply(command);
      if (!applied && command.type === 'claim') return false;
    }
    return true;
  }

  #isOurs(): boolean {
    return this.#state?.status === 'running' && this.#state.execution_claim.claim_id === this.#options.claimId;
  }

  #begin(loaded: Loaded<Run | undefined>): void {
    this.#loaded = loaded;
    this.#state = loaded.state;
    this.#commands = [];
    this.#events = [];
    this.#at = undefined;
  }
}
