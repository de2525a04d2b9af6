import { dueAtMs, gateDueAtMs, isFinished } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run, RunCheckpoint } from '@cs/contracts';
import type { ChildRuns } from './child-runs.js';
import type { Timers } from './timers.port.js';

interface FollowUpOptions {
  readonly timers: Timers;
  readonly children: ChildRuns;
  readonly ref: AggregateRef;
  readonly definition: AutomationDefinition;
}

interface TimedWait {
  /** One per opening of a gate, whose wait keeps its id. */
  readonly id: string;
  readonly wait_id: string;
  readonly due: number | undefined;
}

const timedWaits = ({ open_waits, awaiting_gate: gate }: RunCheckpoint): readonly TimedWait[] => [
  ...open_waits.map((wait) => ({ id: wait.wait_id, wait_id: wait.wait_id, due: dueAtMs(wait) })),
  ...(gate === undefined ? [] : [{ id: gate.gate_opening_id, wait_id: gate.wait_id, due: gateDueAtMs(gate) }]),
];

/**
 * What has to come after the commits of a run: timers of its waits, the children that it waits for or
 * waits for no more, word to its parent. When the process dies in between, the redelivered message leads here again; everything
 * can be repeated.
 */
export class RunFollowUp {
  readonly #options: FollowUpOptions;
  readonly #timed = new Set<string>();
  readonly #requested = new Set<string>();
  readonly #cancelled = new Set<string>();

  constructor(options: FollowUpOptions) {
    this.#options = options;
  }

  /** The children that this run waits for already were requested before their message was acknowledged. */
  assumeRequested({ checkpoint }: Run): void {
    for (const { wait_id } of checkpoint.open_waits) this.#requested.add(wait_id);
  }

  async after(run: Run): Promise<void> {
    if (isFinished(run.status)) await this.#afterEnd(run);
    else await Promise.all([this.#scheduleTimers(run), this.#requestChildren(run), this.#cancelAbandoned(run)]);
  }

  /** Not when the run is claimed next: until then it may wait for a person. */
  async #cancelAbandoned(run: Run): Promise<void> {
    const unseen = (run.checkpoint.abandoned_children ?? []).filter((id) => !this.#cancelled.has(id));
    if (unseen.length === 0) return;
    await this.#options.children.cancelAbandoned(run);
    for (const id of unseen) this.#cancelled.add(id);
  }

  async #afterEnd(run: Run): Promise<void> {
    const { children } = this.#options;
    await children.cancelAbandoned(run);
    await children.reportEnd(run);
  }

  async #scheduleTimers({ checkpoint }: Run): Promise<void> {
    const { timers, ref } = this.#options;
    const waits = timedWaits(checkpoint).filter(({ id }) => !this.#timed.has(id));
    await Promise.all(waits.map(({ wait_id, due }) => (due === undefined ? undefined : timers.schedule(ref, wait_id, due))));
    for (const { id } of waits) this.#timed.add(id);
  }

  async #requestChildren(run: Run): Promise<void> {
    const { children, definition } = this.#options;
    const waits = run.checkpoint.open_waits.filter(({ wait_id, child_run_id }) => child_run_id !== undefined && !this.#requested.has(wait_id));
    for (const wait of waits) {
      await children.request(run, wait, definition);
      this.#requested.add(wait.wait_id);
    }
  }
}
