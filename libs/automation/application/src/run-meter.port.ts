import type { HoldReason } from '@cs/contracts';

/** Counts what happens to runs, for whoever looks after them. Never throws. */
export interface RunMeter {
  /** A run is taken up; `isTakeover`: another runner was executing it. */
  claimed(isTakeover: boolean): void;
  /** A queued run has to wait. */
  held(reason: HoldReason): void;
}
