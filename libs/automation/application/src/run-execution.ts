import { planRun } from '@cs/automation-domain';
import type { AutomationDefinition } from '@cs/contracts';
import { retryLater, type ConsumerOutcome } from '@cs/eventing';
import type { ChildRuns } from './child-runs.js';
import type { NodeWork } from './node-work.js';
import type { RunFollowUp } from './run-follow-up.js';
import type { RunSession } from './run-session.js';

export interface RunExecutionParts {
  readonly session: RunSession;
  readonly work: NodeWork;
  readonly definition: AutomationDefinition;
  readonly followUp: RunFollowUp;
  readonly children: ChildRuns;
  /** Asked once the claim is written, before anything is sent. */
  readonly isPausedNow: () => Promise<boolean>;
  /** Aborted when the process stops. */
  readonly signal: AbortSignal;
}

/** One claimed run, from its claim to its rest. */
export class RunExecution {
  readonly #parts: RunExecutionParts;
  #isClaimed = false;

  constructor(parts: RunExecutionParts) {
    this.#parts = parts;
  }

  /** Until the run rests or is lost; an outcome only when the process stops. */
  async advance(): Promise<ConsumerOutcome | undefined> {
    const { work, signal } = this.#parts;
    for (;;) {
      if (signal.aborted) return await this.#handBack();
      await this.#cancelAbandoned();
      const started = await work.startReady();
      if (started !== 'full' && work.isIdle()) await this.#comeToRest();
      if (!(await this.#commit())) return undefined;
      work.launch();
      if (started !== 'full' && !(await work.next())) return undefined;
    }
  }

  /** Writes what was decided, and does what follows from it. False when the run rests or is lost. */
  async #commit(): Promise<boolean> {
    const { session, followUp } = this.#parts;
    if (!(await session.flush())) return false;
    await followUp.after(session.run);
    return session.run.status === 'running' && !(await this.#isPausedNow());
  }

  /** Asked once, after the claim: later pauses find the run executing. */
  async #isPausedNow(): Promise<boolean> {
    if (this.#isClaimed) return false;
    this.#isClaimed = true;
    return await this.#parts.isPausedNow();
  }

  /** Children that the run stopped waiting for: before it was claimed, or meanwhile. */
  async #cancelAbandoned(): Promise<void> {
    const { session, children } = this.#parts;
    const run_ids = session.run.checkpoint.abandoned_children ?? [];
    if (run_ids.length === 0) return;
    await children.cancelAbandoned(session.run);
    session.apply({ type: 'release_children', run_ids });
  }

  /** Nothing runs and nothing can start: stop at a gate, or park, or end. */
  async #comeToRest(): Promise<void> {
    const { session, work, definition } = this.#parts;
    const [gate] = planRun(session.run, definition).gates;
    if (gate !== undefined && (await work.openGate(gate))) return;
    // Only a damaged definition leads past this: without an end, its run would occupy the runner for ever.
    if (!session.apply({ type: 'settle' })) session.apply({ type: 'fail_run', detail: 'nothing of the run can be executed: its definition does not fit it' });
  }

  /** The process stops: what finishes within its grace period is recorded, then another runner takes over. */
  async #handBack(): Promise<ConsumerOutcome> {
    const { session, work } = this.#parts;
    await work.drain();
    session.apply({ type: 'interrupt_for_shutdown' });
    await session.flush();
    return retryLater(0, 'the runner stops');
  }
}
