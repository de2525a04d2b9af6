import type { WaitRecord } from '@cs/contracts';
import { rankOf, waitKinds, waitStatuses, type Reader, type TenantKey, type WaitFilter, type WaitKey, type WaitPage, type WaitQueries } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database, Statement } from './database.js';

type WaitDocument = Omit<WaitRecord, 'schema_version' | 'scope' | 'timeout_policy' | 'metadata'> & WaitKey & TenantKey & {
  readonly timeout_policy: string | null;
  readonly metadata: string | null;
};

const columns = `org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, reason, created_at_ms, updated_at_ms, wake_at_ms, timeout_policy,
  event_seq, wake_idempotency_key, completed_at_ms, metadata, rank, due_at_ms`;
const order = 'rank, due_at_ms, created_at_ms, wait_id, run_id';
const key = '(due_at_ms, created_at_ms, wait_id, run_id)';

/** A wait's run says whose it is; nothing is looked up for one who sees everything. */
const isSeenByRun = (parameter: number): string => `($${parameter}::text[] is null or exists (
    select from countersign.runs r join countersign.automations a using (org_id, workspace_id, automation_id)
    where r.org_id = waits.org_id and r.workspace_id = waits.workspace_id and r.run_id = waits.run_id and a.viewer_keys && $${parameter}::text[]))`;

/** The first waits of each kind and status in turn, then the first of those: each turn reads one range of one index. */
const listText = `
  select w.* from unnest($4::text[]) as kinds (kind) cross join unnest($5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[]) as ranges (status, due, created, wait, run)
  cross join lateral (
    select ${columns} from countersign.waits as waits
    where org_id = $1 and workspace_id = $2 and deployment_id = $3 and wait_kind = kinds.kind and status = ranges.status and ${key} > (ranges.due, ranges.created, ranges.wait, ranges.run)
      and ${isSeenByRun(11)}
    order by due_at_ms, created_at_ms, wait_id, run_id limit $10
  ) as w order by ${order} limit $10`;

/** A run has few waits: its part of the primary key. */
const ofRunText = `
  select ${columns} from countersign.waits as waits
  where org_id = $1 and workspace_id = $2 and deployment_id = $3 and run_id = $4 and ($5::text is null or wait_kind = $5) and ($6::text is null or status = $6)
    and (${order}) > ($7, $8, $9, $10, $11) and ${isSeenByRun(13)}
  order by ${order} limit $12`;

const start: WaitKey = { rank: -1, due_at_ms: -1, created_at_ms: -1, wait_id: '', run_id: '' };
const chosen = (all: readonly string[], one: string | undefined): readonly string[] => (one === undefined ? all : all.filter((known) => known === one));
const tenantOf = ({ org_id, workspace_id, deployment_id }: TenantKey): readonly string[] => [org_id, workspace_id, deployment_id];

const ofRun = (tenant: Reader, { run_id, kind, status }: WaitFilter, { limit, after = start }: { limit: number; after?: WaitKey | undefined }): Statement => ({
  name: 'waits_of_run', text: ofRunText,
  values: [...tenantOf(tenant), run_id, kind ?? null, status ?? null, after.rank, after.due_at_ms, after.created_at_ms, after.wait_id, after.run_id, limit + 1, tenant.viewer_keys ?? null],
});

/** Statuses of an earlier rank have been shown; those of a later one begin at their first wait. */
const ofTenant = (tenant: Reader, { kind, status }: WaitFilter, { limit, after = start }: { limit: number; after?: WaitKey | undefined }): Statement => {
  const ranges = chosen(waitStatuses, status).filter((one) => rankOf(one) >= after.rank).map((one) => ({ status: one, from: rankOf(one) === after.rank ? after : start }));
  return {
    name: 'waits', text: listText,
    values: [
      ...tenantOf(tenant), chosen(waitKinds, kind), ranges.map((range) => range.status), ranges.map(({ from }) => from.due_at_ms), ranges.map(({ from }) => from.created_at_ms),
      ranges.map(({ from }) => from.wait_id), ranges.map(({ from }) => from.run_id), limit + 1, tenant.viewer_keys ?? null,
    ],
  };
};

const readDocument = <Value>(text: string | null): Value | null => (text === null ? null : (JSON.parse(text) as Value));

const readWait = ({ org_id, workspace_id, deployment_id, timeout_policy, metadata, rank: _rank, due_at_ms: _due, ...wait }: WaitDocument): WaitRecord => ({
  schema_version: 1, ...wait, scope: { schema_version: 1, tenant_context: { org_id, workspace_id, deployment_id: deployment_id === '' ? null : deployment_id } },
  timeout_policy: readDocument(timeout_policy), metadata: readDocument(metadata),
});

/** Waits in PostgreSQL. */
export class PostgresWaitQueries implements WaitQueries {
  constructor(private readonly database: Database) {}

  async waits(tenant: Reader, filter: WaitFilter, page: { readonly limit: number; readonly after?: WaitKey }): Promise<WaitPage> {
    const rows = await askDatabase<WaitDocument>(this.database, filter.run_id === undefined ? ofTenant(tenant, filter, page) : ofRun(tenant, filter, page));
    const shown = rows.slice(0, page.limit);
    const last = shown.at(-1);
    if (last === undefined || rows.length <= page.limit) return { items: shown.map(readWait) };
    const { rank, due_at_ms, created_at_ms, wait_id, run_id } = last;
    return { items: shown.map(readWait), next: { rank, due_at_ms, created_at_ms, wait_id, run_id } };
  }
}
