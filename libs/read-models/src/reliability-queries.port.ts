import type { LedgerCollection, LedgerPage, RetryDue, StoredDeadLetter } from '@cs/contracts';
import type { Reader } from './tenant-key.js';

export interface ReliabilityFilter {
  readonly run_id?: string;
  readonly status?: string;
  /** Of dead letters; of the outbox and of effects `source_kind`, of compensations their type. */
  readonly source_type?: string;
  /** Hides what a later success made moot, and compensations that have ended. */
  readonly active_recovery_only: boolean;
  readonly before_created_at_ms?: number;
}

export interface ReliabilityRange {
  readonly limit: number;
  /** The last record of the page before. */
  readonly after?: { readonly id: string; readonly collection?: LedgerCollection };
}

/**
 * Reads the reliability ledger of one tenant, newest updated first; filters come before the limit (domain 9.6).
 * A cursor that names nothing, or records of several collections, finds nothing. Throws `ProjectionUnavailableError`
 * when the projections cannot be reached.
 */
export interface ReliabilityQueries {
  /** One dead letter; `undefined` where there is none for the reader. */
  deadLetter(reader: Reader, deadLetterId: string): Promise<StoredDeadLetter | undefined>;
  ledger(reader: Reader, filter: ReliabilityFilter, range: ReliabilityRange): Promise<LedgerPage>;
}

export interface DueRecoveryRange {
  readonly due_before_ms: number;
  readonly limit: number;
  readonly after?: Pick<RetryDue, 'due_at_ms' | 'run_id' | 'id'> | undefined;
}

/** Reads across tenants, for services only. */
export interface RecoveryQueries {
  /** Retries that may be dispatched and compensations that may be executed, the longest overdue first. */
  due(range: DueRecoveryRange): Promise<readonly RetryDue[]>;
}
