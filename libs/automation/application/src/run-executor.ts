import type { StoredCommit } from '@cs/eventing';
import type { Admission } from './admission.port.js';
import { done, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type IdSource, type Loaded } from '@cs/eventing';
import { dueAtMs, planRun } from '@cs/automation-domain';
import type { AutomationDefinition, Run } from '@cs/contracts';
import type { DefinitionLibrary } from './definition-library.js';
import type { ExpressionEvaluator } from './expression.port.js';
import type { LaunchGuard } from './launch-guard.js';
import { NodeWork } from './node-work.js';
import { runAggregate } from './run.aggregate.js';
import { RunSession } from './run-session.js';
import type { Secrets } from './secrets.port.js';
import type { StepExecutors } from './step-executor.port.js';
import { stepExecutors } from './step-executors.js';
import type { HttpStepRunner } from './step-runner.port.js';
import type { RunChanges, Timers } from './timers.port.js';

export interface RunExecutorOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly evaluator: ExpressionEvaluator;
  readonly http: HttpStepRunner;
  readonly secrets: Secrets;
  readonly timers: Timers;
  readonly changes: RunChanges;
  readonly newId: IdSource;
  /** Names this runner in claims. */
  readonly claimantId: string;
  /** How long a claim may stand without a sign of life; informative, the broker's lease decides. */
  readonly leaseMs: number;
  /** Asked before a queued run is claimed. Absent: every run is claimed at once. */
  readonly admission?: Admission;
  /** Asked before nodes start. Default none. */
  readonly guards?: readonly LaunchGuard[];
}

/** Nodes of one run that execute at a time, unless its definition says less (domain 2.5). */
const maxParallelNodes = 16;

const keyOf = ({ ref }: StoredCommit): string => `${ref.org_id}/${ref.workspace_id}/${ref.id}`;

/** Executes runs that became runnable: claim, nodes as the graph allows, then park, stop at a gate, or end. */
export class RunExecutor {
  readonly #options: RunExecutorOptions;
  readonly #executors: StepExecutors;
  readonly #executing = new Map<string, Promise<ConsumerOutcome>>();

  constructor(options: RunExecutorOptions) {
    this.#options = options;
    this.#executors = stepExecutors(options);
  }

  /** Runs in this process right now. */
  get executing(): number {
    return this.#executing.size;
  }

  /**
   * Handles the message that says a run is runnable; until this resolves, the message is the lease.
   * An aborted signal means that the process stops: the run is handed back as it is.
   */
  async execute(message: StoredCommit, { redelivered, signal }: { readonly redelivered: boolean; readonly signal: AbortSignal }): Promise<ConsumerOutcome> {
    const key = keyOf(message);
    // The same message again while it is being handled: its lease lapsed under load. Let it end first.
    for (let busy = this.#executing.get(key); busy !== undefined; busy = this.#executing.get(key)) await busy.catch(() => undefined);
    const execution = this.#claimAndRun(message, { redelivered, signal });
    this.#executing.set(key, execution);
    try {
      return await execution;
    } finally {
      if (this.#executing.get(key) === execution) this.#executing.delete(key);
    }
  }

  async #claimAndRun(message: StoredCommit, { redelivered, signal }: { redelivered: boolean; signal: AbortSignal }): Promise<ConsumerOutcome> {
    // A fresh message is very likely the newest commit; if not, the first flush finds out.
    const loaded = await loadAggregate({ store: this.#options.eventing.store, aggregate: runAggregate }, message.ref, redelivered ? undefined : message);
    if (loaded.state === undefined) return done;
    const definition = await this.#options.definitions.get(message.ref, loaded.state.workflow_definition_snapshot_hash);
    // A run that is executing was admitted when it was claimed; its message is back because its runner is gone.
    const admitted = loaded.state.status === 'queued' ? await this.#options.admission?.admit(message.ref, loaded.state, definition) : undefined;
    if (admitted?.kind === 'held') return admitted.outcome;
    try {
      return await this.#executeAdmitted(message, { loaded, state: loaded.state, definition, signal });
    } finally {
      await admitted?.release();
    }
  }

  async #executeAdmitted(message: StoredCommit, { loaded, state, definition, signal }: { loaded: Loaded<Run | undefined>; state: Run; definition: AutomationDefinition; signal: AbortSignal }): Promise<ConsumerOutcome> {
    const session = this.#claim(loaded, { definition, queued_version: message.commit.version });
    if (session === undefined) {
      await this.#scheduleTimers(message.ref, state);
      return done;
    }
    return (await this.#run(session, definition, signal)) ?? this.#letGo(session.run, message);
  }

  /**
   * The run is at rest, or no longer ours. When another runner took it over, it holds this very message:
   * an ack would end its lease too. A delayed nak is undone by its next sign of life, and brings the
   * message back if there is none.
   */
  #letGo(run: Run, message: StoredCommit): ConsumerOutcome {
    const isTakenOver = run.status === 'running' && run.queued_at_version <= message.commit.version;
    return isTakenOver ? retryLater(this.#options.leaseMs, 'another runner took the run over') : done;
  }

  #claim(loaded: Loaded<Run | undefined>, { definition, queued_version }: { definition: AutomationDefinition; queued_version: number }): RunSession | undefined {
    const { eventing, newId, claimantId, leaseMs } = this.#options;
    const claim_id = `run-claim-${newId()}`;
    const session = new RunSession(loaded, { eventing, definition, claimId: claim_id });
    const claimed_at_ms = session.atMs;
    const claim = { claim_id, claimant_id: claimantId, claimed_at_ms, lease_expires_at_ms: claimed_at_ms + leaseMs };
    return session.apply({ type: 'claim', claim, queued_version }) ? session : undefined;
  }

  async #run(session: RunSession, definition: AutomationDefinition, signal: AbortSignal): Promise<ConsumerOutcome | undefined> {
    const work = new NodeWork({
      session, definition, evaluator: this.#options.evaluator, executors: this.#executors, guards: this.#options.guards ?? [],
      maxParallel: definition.execution?.max_parallel_agents ?? maxParallelNodes,
    });
    const stopListening = this.#options.changes.listen(session.ref.id, () => work.nudge());
    const onStop = (): void => work.nudge();
    signal.addEventListener('abort', onStop, { once: true });
    try {
      return await this.#advance(session, { work, definition, signal });
    } finally {
      stopListening();
      signal.removeEventListener('abort', onStop);
      work.abort();
    }
  }

  /** Until the run rests or is lost; an outcome only when the process stops. */
  async #advance(session: RunSession, { work, definition, signal }: { work: NodeWork; definition: AutomationDefinition; signal: AbortSignal }): Promise<ConsumerOutcome | undefined> {
    const scheduled = new Set<string>();
    for (;;) {
      if (signal.aborted) return await this.#handBack(session, work);
      await work.startReady();
      if (work.isIdle()) await this.#comeToRest(session, { work, definition });
      if (!(await session.flush())) return undefined;
      await this.#scheduleTimers(session.ref, session.run, scheduled);
      if (session.run.status !== 'running') return undefined;
      work.launch();
      if (!(await work.next())) return undefined;
    }
  }

  /** Nothing runs and nothing can start: stop at a gate, or park, or end. */
  async #comeToRest(session: RunSession, { work, definition }: { work: NodeWork; definition: AutomationDefinition }): Promise<void> {
    const [gate] = planRun(session.run, definition).gates;
    if (gate !== undefined && (await work.openGate(gate))) return;
    // Only a damaged definition leads past this: without an end, its run would occupy the runner for ever.
    if (!session.apply({ type: 'settle' })) session.apply({ type: 'fail_run', detail: 'nothing of the run can be executed: its definition does not fit it' });
  }

  /** The process stops: what finishes within its grace period is recorded, then another runner takes over. */
  async #handBack(session: RunSession, work: NodeWork): Promise<ConsumerOutcome> {
    await work.drain();
    await session.flush();
    return retryLater(0, 'the runner stops');
  }

  /** Timers come after the commit that needs them; when the process dies in between, the redelivered message leads here. */
  async #scheduleTimers(ref: StoredCommit['ref'], run: Run, scheduled = new Set<string>()): Promise<void> {
    const waits = run.checkpoint.open_waits.filter(({ wait_id }) => !scheduled.has(wait_id));
    await Promise.all(waits.map((wait) => {
      const due = dueAtMs(wait);
      return due === undefined ? undefined : this.#options.timers.schedule(ref, wait.wait_id, due);
    }));
    for (const { wait_id } of waits) scheduled.add(wait_id);
  }
}
