import type { ImportedRunHeader, ObservedAuditEvent, PhaseTransition, StatefulEvent } from '@cs/contracts';
import type { EventRange, ItemsPage, PageRequest } from './projection-queries.port.js';
import type { Reader } from './tenant-key.js';

export interface StoredImportedRun {
  readonly run: ImportedRunHeader;
  readonly last_seq: number;
  /** Its newest event's id; null where it has none. */
  readonly latest_event_id: string | null;
}

export interface ImportedRunFilter {
  readonly automation_id?: string | undefined;
  /** Statuses of the reference system; absent for all. */
  readonly statuses?: readonly string[] | undefined;
  readonly phase?: string | undefined;
  /** Part of the trigger's type, in any case. */
  readonly trigger?: string | undefined;
}

/** Reads imported runs of one tenant: what belongs to another, or is not visible to the reader, is not there. Every method throws `ProjectionUnavailableError`. */
export interface ImportedRunQueries {
  importedRun(reader: Reader, runId: string): Promise<StoredImportedRun | undefined>;
  /** Newest first. */
  importedRuns(reader: Reader, filter: ImportedRunFilter, page: PageRequest): Promise<ItemsPage<StoredImportedRun>>;
  /** In ascending `seq`; `undefined` when there is no such run. */
  importedEvents(reader: Reader, runId: string, range: EventRange): Promise<readonly StatefulEvent[] | undefined>;
  importedEvent(reader: Reader, runId: string, eventId: string): Promise<StatefulEvent | undefined>;
  /** The newest records of the audit that name the run, ascending. */
  importedAudit(reader: Reader, runId: string, limit: number): Promise<readonly ObservedAuditEvent[]>;
  /** Steps of the phase up to an event (inclusive), the newest `limit`, in order. */
  importedTransitions(reader: Reader, runId: string, upTo: { readonly seq: number; readonly limit: number }): Promise<readonly (PhaseTransition & { readonly seq: number })[]>;
}
