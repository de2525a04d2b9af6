import type { HoldReason } from '@cs/contracts';

/** Keeps a queued run from being claimed until it is released. */
export interface HoldLaunch {
  readonly type: 'hold_launch';
  readonly queue_reason: HoldReason;
  /** What the run waits its turn for. */
  readonly resource_key?: string;
  /** When it is looked at again at the latest, in Unix ms. */
  readonly retry_after_ms?: number;
  /** Version of the commit that queued the run; a run that was queued again since is not held. Absent: as it is now. */
  readonly queued_version?: number;
}

/** Lets a held run be claimed. Repeating it, or a run that is held for something else, changes nothing. */
export interface ReleaseLaunch {
  readonly type: 'release_launch';
  readonly queue_reason: HoldReason;
  /** Absent: whatever it waits its turn for. */
  readonly resource_key?: string;
}

/** Ends a run whose automation was deleted while it was paused: nothing will let the run go on. Nothing to do for a run that is not held for that. */
export interface CancelHeld {
  readonly type: 'cancel_held';
  readonly reason: string;
}
