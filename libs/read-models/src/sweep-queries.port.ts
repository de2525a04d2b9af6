import type { SweepPage, SweepRange, SweptRun, SweptWait } from '@cs/contracts';

/** Reads across tenants, for sweeps only: what a lost message would have changed, oldest first. Each page looks at a bounded number. */
export interface SweepQueries {
  /** Queued runs that are held. */
  heldRuns(range: SweepRange): Promise<SweepPage<SweptRun>>;
  /** Open waits for a child run that has ended or that does not exist. */
  childWaits(range: SweepRange): Promise<SweepPage<SweptWait>>;
  /** Child runs that have not ended, and whose parent does not wait for them (any more). */
  orphanRuns(range: SweepRange): Promise<SweepPage<SweptRun>>;
}
