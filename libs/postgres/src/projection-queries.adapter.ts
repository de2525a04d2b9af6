import type { AutomationRecord, DeadLetterRecord, StatefulEvent } from '@cs/contracts';
import type {
  EventRange, ItemsPage, PageRequest, ProjectionQueries, Reader, RunFilter, StoredRun, TenantKey,
} from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import type { Database } from './database.js';
import { askDatabase } from './ask-database.js';
import { runEventsText } from './run-events-text.js';
import {
  readAutomation, readRun, readRunEvent,
  type AutomationDocument, type RunDocument, type RunEventDocument,
} from './stored-rows.js';
import { runColumns, runListStatement, withScope } from './run-list-statement.js';
import { partTexts, rowOfRun } from './run-part-columns.js';
import { isSeen, isSeenThrough } from './visibility.js';

const tenantOf = ({ org_id, workspace_id, deployment_id }: TenantKey): readonly string[] => [org_id, workspace_id, deployment_id];
const keysOf = ({ viewer_keys }: Reader): readonly string[] | null => viewer_keys ?? null;
const ofTenant = 'org_id = $1 and workspace_id = $2 and deployment_id = $3';
const ofTenantOfAutomation = 'a.org_id = $1 and a.workspace_id = $2 and a.deployment_id = $3';
const automationColumns = 'd.definition, a.tenant_context, a.definition_version, a.definition_hash, a.created_at_ms, a.updated_at_ms, s.next_fire_at_ms, s.last_fired_at_ms';
const automationJoin = `countersign.automations a join countersign.definitions d using (org_id, workspace_id, definition_hash)
  left join countersign.schedules s on s.org_id = a.org_id and s.workspace_id = a.workspace_id and s.automation_id = a.automation_id`;

const automationsText = boundedPage(`
  select ${automationColumns}, a.created_at_ms as at_ms, a.automation_id as id, octet_length(d.definition) as bytes from ${automationJoin}
  where ${ofTenantOfAutomation} and a.status <> 'deleted' and ${isSeen(7)} and (a.created_at_ms, a.automation_id) < ($4, $5) order by a.created_at_ms desc, a.automation_id desc limit $6`);

/** A page of dead letters, newest first. */
export const deadLettersText = boundedPage(`
  select dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms,
    opened_at_ms as at_ms, dead_letter_id as id, octet_length(reason) as bytes
  from countersign.dead_letters where ${ofTenant} and status <> 'cleared' and (opened_at_ms, dead_letter_id) < ($4, $5) order by opened_at_ms desc, dead_letter_id desc limit $6`);

/** The projections of a tenant in PostgreSQL. */
export class PostgresProjectionQueries implements ProjectionQueries {
  constructor(private readonly database: Database) {}

  async run(reader: Reader, runId: string): Promise<StoredRun | undefined> {
    const [row] = await askDatabase<RunDocument>(this.database, {
      name: 'run', text: `select ${runColumns}, ${partTexts(rowOfRun('r'))} from countersign.runs as r ${withScope('r')} where r.org_id = $1 and r.workspace_id = $2 and r.deployment_id = $3 and r.run_id = $4 and ${isSeenThrough('r', 5)}`, values: [...tenantOf(reader), runId, keysOf(reader)],
    });
    return row && readRun(row);
  }

  async runs(reader: Reader, filter: RunFilter, page: PageRequest): Promise<ItemsPage<StoredRun>> {
    return toPage(await askDatabase<RunDocument & PagedRow>(this.database, runListStatement(reader, filter, page)), page, readRun);
  }

  async runEvents(reader: Reader, runId: string, { after_seq = 0, before_seq = Number.MAX_SAFE_INTEGER, limit, tail }: EventRange): Promise<readonly StatefulEvent[] | undefined> {
    const [found] = await askDatabase<object>(this.database, {
      name: 'run_exists', text: `select 1 from countersign.runs as r where ${ofTenant} and run_id = $4 and ${isSeenThrough('r', 5)}`, values: [...tenantOf(reader), runId, keysOf(reader)],
    });
    if (!found) return undefined;
    const rows = await askDatabase<RunEventDocument>(this.database, {
      name: tail ? 'run_events_tail' : 'run_events', text: runEventsText('run_events', tail ? 'desc' : 'asc'),
      values: [reader.org_id, reader.workspace_id, runId, after_seq, before_seq, limit],
    });
    return rows.map(readRunEvent);
  }

  async automation(reader: Reader, automationId: string): Promise<AutomationRecord | undefined> {
    const [row] = await askDatabase<AutomationDocument>(this.database, {
      name: 'automation', text: `select ${automationColumns} from ${automationJoin} where ${ofTenantOfAutomation} and a.automation_id = $4 and a.status <> 'deleted' and ${isSeen(5)}`, values: [...tenantOf(reader), automationId, keysOf(reader)],
    });
    return row && readAutomation(row);
  }

  async automations(reader: Reader, page: PageRequest): Promise<ItemsPage<AutomationRecord>> {
    const rows = await askDatabase<AutomationDocument & PagedRow>(this.database, { name: 'automations', text: automationsText, values: [...tenantOf(reader), ...keysetValues(page), keysOf(reader)] });
    return toPage(rows, page, readAutomation);
  }

  async deadLetters(tenant: TenantKey, page: PageRequest): Promise<ItemsPage<DeadLetterRecord>> {
    const rows = await askDatabase<DeadLetterRecord & PagedRow>(this.database, { name: 'dead_letters', text: deadLettersText, values: [...tenantOf(tenant), ...keysetValues(page)] });
    return toPage(rows, page, ({ dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms }) => ({
      dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms,
    }));
  }
}
