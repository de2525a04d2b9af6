import type { GovernedPage, GovernedRange, NewestRuns, RunHealth, SweepPage, SweepRange, SweptRun, SweptWait } from '@cs/contracts';

/** Reads across tenants, for sweeps only: what a lost message would have changed, or time, oldest first. Each page looks at a bounded number. */
export interface SweepQueries {
  /** Queued runs that are held. */
  heldRuns(range: SweepRange): Promise<SweepPage<SweptRun>>;
  /** Open waits for a child run that has ended or that does not exist. */
  childWaits(range: SweepRange): Promise<SweepPage<SweptWait>>;
  /** Child runs that have not ended, and whose parent does not wait for them (any more). */
  orphanRuns(range: SweepRange): Promise<SweepPage<SweptRun>>;
  /** Automations that agents made and that are in use, by their key. */
  governedAutomations(range: GovernedRange): Promise<GovernedPage>;
  /** What the newest runs of an automation came to. */
  runHealth(runs: NewestRuns): Promise<RunHealth>;
}
