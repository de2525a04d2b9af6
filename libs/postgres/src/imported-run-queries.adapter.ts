import type { ImportedRunHeader, ObservedAuditEvent, PhaseTransition, StatefulEvent } from '@cs/contracts';
import type { EventRange, ImportedRunFilter, ImportedRunQueries, ItemsPage, PageRequest, Reader, StoredImportedRun } from '@cs/read-models';
import { toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import { asJsonText, auditNaming } from './audit-texts.js';
import type { Database } from './database.js';
import { importedRunsStatement, latestImportedEvent } from './imported-run-statement.js';
import { runEventsText } from './run-events-text.js';
import { readObservedAudit, readRunEvent, type ObservedAuditDocument, type RunEventDocument } from './stored-rows.js';
import { isSeenThrough } from './visibility.js';

interface ImportedRunDocument {
  readonly record: string;
  readonly last_seq: number;
  readonly latest_event_id: string | null;
}

const ofTenant = 'r.org_id = $1 and r.workspace_id = $2 and r.deployment_id = $3';
const ofReader = ({ org_id, workspace_id, deployment_id }: Reader): readonly string[] => [org_id, workspace_id, deployment_id];
const readRun = ({ record, last_seq, latest_event_id }: ImportedRunDocument): StoredImportedRun => ({ run: JSON.parse(record) as ImportedRunHeader, last_seq, latest_event_id });

const runText = `select record, last_seq, ${latestImportedEvent('r')} as latest_event_id from countersign.imported_runs as r where ${ofTenant} and run_id = $4 and ${isSeenThrough('r', 5)}`;

/** Imported runs in PostgreSQL. */
export class PostgresImportedRunQueries implements ImportedRunQueries {
  constructor(private readonly database: Database) {}

  async importedRun(reader: Reader, runId: string): Promise<StoredImportedRun | undefined> {
    const [row] = await askDatabase<ImportedRunDocument>(this.database, { name: 'imported_run', text: runText, values: [...ofReader(reader), runId, reader.viewer_keys ?? null] });
    return row && readRun(row);
  }

  async importedRuns(reader: Reader, filter: ImportedRunFilter, page: PageRequest): Promise<ItemsPage<StoredImportedRun>> {
    return toPage(await askDatabase<ImportedRunDocument & PagedRow>(this.database, importedRunsStatement(reader, filter, page)), page, readRun);
  }

  async importedEvents(reader: Reader, runId: string, { after_seq = 0, before_seq = Number.MAX_SAFE_INTEGER, limit, tail }: EventRange): Promise<readonly StatefulEvent[] | undefined> {
    if ((await this.importedRun(reader, runId)) === undefined) return undefined;
    const rows = await askDatabase<RunEventDocument>(this.database, {
      name: tail ? 'imported_events_tail' : 'imported_events', text: runEventsText('imported_run_events', tail ? 'desc' : 'asc'), values: [reader.org_id, reader.workspace_id, runId, after_seq, before_seq, limit],
    });
    return rows.map(readRunEvent);
  }

  async importedEvent(reader: Reader, runId: string, eventId: string): Promise<StatefulEvent | undefined> {
    if ((await this.importedRun(reader, runId)) === undefined) return undefined;
    const [row] = await askDatabase<RunEventDocument>(this.database, {
      name: 'imported_event', text: 'select * from countersign.imported_run_events where org_id = $1 and workspace_id = $2 and run_id = $3 and event_id = $4', values: [reader.org_id, reader.workspace_id, runId, eventId],
    });
    return row && readRunEvent(row);
  }

  async importedAudit(reader: Reader, runId: string, limit: number): Promise<readonly ObservedAuditEvent[]> {
    if ((await this.importedRun(reader, runId)) === undefined) return [];
    const rows = await askDatabase<ObservedAuditDocument>(this.database, {
      name: 'imported_audit',
      text: auditNaming({ tenant: 'org_id = $1 and workspace_id = $2 and deployment_id = $3', run: '$4', ids: 'array[$4::text]', limit: '$5' }),
      values: [...ofReader(reader), asJsonText(runId), limit],
    });
    return rows.map(readObservedAudit).sort((one, other) => one.seq - other.seq);
  }

  async importedTransitions({ org_id, workspace_id }: Reader, runId: string, { seq, limit }: { readonly seq: number; readonly limit: number }): Promise<readonly (PhaseTransition & { readonly seq: number })[]> {
    const rows = await askDatabase<{ seq: number; phase_transition: string }>(this.database, {
      name: 'imported_transitions',
      text: `select seq, phase_transition from countersign.imported_run_events where org_id = $1 and workspace_id = $2 and run_id = $3 and seq <= $4 and phase_transition is not null order by seq desc limit $5`,
      values: [org_id, workspace_id, runId, seq, limit],
    });
    return rows.toReversed().map((row) => ({ ...(JSON.parse(row.phase_transition) as PhaseTransition), seq: row.seq }));
  }
}
