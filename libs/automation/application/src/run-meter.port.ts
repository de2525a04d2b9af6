import type { HoldReason } from '@cs/contracts';

/** What made a run runnable: its creation, a decision at its gate, the end of a wait, or something else. */
export type QueuedBy = 'creation' | 'decision' | 'wait' | 'other';

export interface TakenUp {
  /** Another runner was executing it. */
  readonly isTakeover: boolean;
  readonly queuedBy: QueuedBy;
  /** From when it became runnable until it was claimed. */
  readonly queuedMs: number;
}

/** Counts what happens to runs, for whoever looks after them. Never throws. */
export interface RunMeter {
  /** A run is taken up. */
  claimed(taken: TakenUp): void;
  /** A queued run has to wait. */
  held(reason: HoldReason): void;
}
