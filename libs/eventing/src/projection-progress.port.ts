import type { Position } from '@cs/kernel';

/** How far the projector's transactions are. */
export interface ProjectionProgress {
  /** True once the archive and the projections hold the position; false when that took longer than `timeoutMs`. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>;
}
