import { dueAtMs, isFinished } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import type { ChildRuns } from './child-runs.js';
import type { Timers } from './timers.port.js';

interface FollowUpOptions {
  readonly timers: Timers;
  readonly children: ChildRuns;
  readonly ref: AggregateRef;
  readonly definition: AutomationDefinition;
}

/**
 * What has to come after the commits of a run: timers of its waits, the children that it waits for, word
 * to its parent. When the process dies in between, the redelivered message leads here again; everything
 * can be repeated.
 */
export class RunFollowUp {
  readonly #options: FollowUpOptions;
  readonly #timed = new Set<string>();
  readonly #requested = new Set<string>();

  constructor(options: FollowUpOptions) {
    this.#options = options;
  }

  /** The children that this run waits for already were requested before their message was acknowledged. */
  assumeRequested({ checkpoint }: Run): void {
    for (const { wait_id } of checkpoint.open_waits) this.#requested.add(wait_id);
  }

  async after(run: Run): Promise<void> {
    if (isFinished(run.status)) await this.#afterEnd(run);
    else await Promise.all([this.#scheduleTimers(run), this.#requestChildren(run)]);
  }

  async #afterEnd(run: Run): Promise<void> {
    const { children } = this.#options;
    await children.cancelAbandoned(run);
    await children.reportEnd(run);
  }

  async #scheduleTimers({ checkpoint }: Run): Promise<void> {
    const { timers, ref } = this.#options;
    const waits = checkpoint.open_waits.filter(({ wait_id }) => !this.#timed.has(wait_id));
    await Promise.all(waits.map((wait) => {
      const due = dueAtMs(wait);
      return due === undefined ? undefined : timers.schedule(ref, wait.wait_id, due);
    }));
    for (const { wait_id } of waits) this.#timed.add(wait_id);
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
