import type { AutomationRecord, DeadLetterRecord, DefinitionScope, DueWait, Run, StatefulEvent, WatchedRun } from '@cs/contracts';
import type { Position } from '@cs/kernel';
import type { ArchiveRow } from './row-changes.js';
import type { AuditHead, AuditRecord } from './audit-chain.js';
import type { ScopeFilter } from './definition-scope.js';
import type { PageKey } from './page-key.js';
import type { Reader, TenantKey } from './tenant-key.js';

/** The projections cannot be read now: the database is away, or not set up yet. */
export class ProjectionUnavailableError extends Error {
  override readonly name = 'ProjectionUnavailableError';
}

/** Which part of a list, newest first. A page may hold fewer than `limit` items so that an answer stays small. */
export interface PageRequest {
  readonly limit: number;
  /** The last item of the page before. */
  readonly after?: PageKey;
}

export interface ItemsPage<Item> {
  readonly items: readonly Item[];
  /** Place of the last item; absent on the last page. */
  readonly next?: PageKey;
}

export interface StoredRun {
  readonly run: Run;
  /** `seq` of its newest event. */
  readonly last_seq: number;
  /** Its newest event's id; null when the timeline does not have it. */
  readonly latest_event_id: string | null;
  /** What its definition concerns; null when that is not known. */
  readonly scope: DefinitionScope | null;
}

export interface RunFilter {
  readonly automation_id?: string;
  /** Stateful statuses; absent for all. */
  readonly statuses?: readonly string[];
  /** Part of the trigger type, in any case. */
  readonly trigger?: string;
  readonly scope?: ScopeFilter;
  /** Of whom the scope names as owner. */
  readonly owner_id?: string;
  readonly owner_kind?: string;
}

export interface EventRange {
  /** Exclusive. */
  readonly after_seq?: number;
  /** Exclusive. */
  readonly before_seq?: number;
  readonly limit: number;
  /** Keeps the last `limit` instead of the first. */
  readonly tail: boolean;
}

/**
 * Reads the projections of one tenant. What belongs to another tenant, or is not visible to the reader,
 * is not there; lists are filtered before they are cut (W20). Every method
 * throws `ProjectionUnavailableError` when the projections cannot be reached.
 */
export interface ProjectionQueries {
  run(reader: Reader, runId: string): Promise<StoredRun | undefined>;
  runs(reader: Reader, filter: RunFilter, page: PageRequest): Promise<ItemsPage<StoredRun>>;
  /** In ascending `seq`; `undefined` when there is no such run. */
  runEvents(reader: Reader, runId: string, range: EventRange): Promise<readonly StatefulEvent[] | undefined>;
  automation(reader: Reader, automationId: string): Promise<AutomationRecord | undefined>;
  automations(reader: Reader, page: PageRequest): Promise<ItemsPage<AutomationRecord>>;
  deadLetters(tenant: TenantKey, page: PageRequest): Promise<ItemsPage<DeadLetterRecord>>;
}

export interface AuditedCommit {
  readonly record: AuditRecord;
  /** The commit that the record came from; absent when the archive has none there. */
  readonly source?: Pick<ArchiveRow, 'subject' | 'body'>;
}

/** Reads a tenant's audit chain for its verification. */
export interface AuditQueries {
  auditHead(tenant: TenantKey): Promise<AuditHead | undefined>;
  /** Records from a `seq` on (inclusive), in ascending `seq`, each with its commit; fewer than `limit` when they are large. */
  auditRecords(tenant: TenantKey, range: { readonly from_seq: number; readonly limit: number }): Promise<readonly AuditedCommit[]>;
  /** Records whose `seq` is none. */
  unsequencedAuditRecords(tenant: TenantKey): Promise<number>;
}

export interface DueRange {
  readonly due_before_ms: number;
  readonly limit: number;
  /** The last wait of the page before. */
  readonly after?: Pick<DueWait, 'due_at_ms' | 'run_id' | 'wait_id'> | undefined;
}

/** Reads across tenants, for services only. */
export interface WatchRange {
  /** Running runs that have not changed since. */
  readonly running_before_ms: number;
  /** Queued and pausing runs that have not changed since. */
  readonly queued_before_ms: number;
  /** Runs that were paused because they were stale, and not before. */
  readonly paused_after_ms: number;
  /** The last run of the page before. */
  readonly after?: { readonly created_at_ms: number; readonly run_id: string } | undefined;
  readonly limit: number;
}

export interface ServiceQueries {
  /** How far the projections are. */
  position(): Promise<Position>;
  /** Waits whose wake-up or timeout has come, the longest overdue first; gates with them. */
  dueWaits(range: DueRange): Promise<readonly DueWait[]>;
  /** Runs in which nothing has happened for long, oldest first. */
  watchedRuns(range: WatchRange): Promise<readonly WatchedRun[]>;
}
