import type { CompensationRecord, LedgerDeadLetter, ToolEffectRecord } from '@cs/contracts';
import type { Reader } from './tenant-key.js';

/** Records of one kind: the newest updated, first, as many as one answer holds; and how many there are. */
export interface PlannedRecords<Item> {
  readonly items: readonly Item[];
  readonly found: number;
  /** Those of them that a retry, or a reconciliation, may be about. */
  readonly retryable: number;
}

/** What a resume plan says of the ledger of a run. */
export interface PlannedRecovery {
  readonly completed_effects: PlannedRecords<ToolEffectRecord>;
  /** Everything that has not succeeded. What is linked to a compensation is undone, not retried. */
  readonly uncertain_effects: PlannedRecords<ToolEffectRecord>;
  /** Those that have not ended, and that no later success made moot. */
  readonly pending_compensations: PlannedRecords<CompensationRecord>;
  /** Those that are not settled, and that no later success made moot. */
  readonly dead_letters: PlannedRecords<LedgerDeadLetter>;
}

/** Reads what recovery has to do in one run. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface ResumePlanQueries {
  /** Of a run that its reader sees; conditions come before any limit (W20). */
  plannedRecovery(reader: Reader, runId: string): Promise<PlannedRecovery>;
}
