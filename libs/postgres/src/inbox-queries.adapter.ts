import type { GovernanceActor, PendingGate, TenantContext } from '@cs/contracts';
import type { DecidedFilter, InboxGate, InboxQueries, InboxReader, ItemsPage, PageRequest, PendingFilter, StoredAuthority, TenantKey } from '@cs/read-models';
import { toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database, Statement } from './database.js';
import { authoritiesStatement, decidedStatement, openingStatement, pendingStatement } from './inbox-statements.js';

type GateDocument = Omit<InboxGate, 'gate' | 'requested_by' | 'decided_by' | 'tenant_source'> & {
  readonly gate: string;
  readonly requested_by: string | null;
  readonly decided_by: string | null;
  readonly authority: string | null;
};

/** Documents are read back as what the projections wrote. */
const readActor = (text: string | null): GovernanceActor | null => (text === null ? null : (JSON.parse(text) as GovernanceActor));

const readSource = (authority: string | null): TenantContext['source'] =>
  authority !== null && (JSON.parse(authority) as { readonly tenant_source?: string }).tenant_source === 'local_implicit' ? 'local_implicit' : 'explicit';

const readGate = ({ gate, requested_by, decided_by, authority, ...row }: GateDocument): InboxGate => ({
  org_id: row.org_id, workspace_id: row.workspace_id, deployment_id: row.deployment_id, kind: row.kind, status: row.status, gate_opening_id: row.gate_opening_id,
  automation_id: row.automation_id, run_id: row.run_id, gate: JSON.parse(gate) as PendingGate, requested_by: readActor(requested_by) ?? { kind: 'system' },
  expires_at_ms: row.expires_at_ms, workflow_name: row.workflow_name, tenant_source: readSource(authority), may_change: row.may_change,
  decision: row.decision, decided_by: readActor(decided_by), decided_at_ms: row.decided_at_ms, reason: row.reason,
});

/** The inbox in PostgreSQL. */
export class PostgresInboxQueries implements InboxQueries {
  constructor(private readonly database: Database) {}

  pending(reader: InboxReader, filter: PendingFilter, page: PageRequest): Promise<ItemsPage<InboxGate>> {
    return this.#page(pendingStatement(reader, filter, page), page);
  }

  decided(reader: InboxReader, filter: DecidedFilter, page: PageRequest): Promise<ItemsPage<InboxGate>> {
    return this.#page(decidedStatement(reader, filter, page), page);
  }

  async opening(reader: InboxReader, gateOpeningId: string): Promise<InboxGate | undefined> {
    const [row] = await askDatabase<GateDocument>(this.database, openingStatement(reader, gateOpeningId));
    return row && readGate(row);
  }

  async neededAuthorities(tenant: TenantKey): Promise<readonly StoredAuthority[]> {
    const rows = await askDatabase<{ readonly authority_key: string; readonly authority: string }>(this.database, authoritiesStatement(tenant));
    return rows.map(({ authority_key: key, authority }) => ({ key, authority: JSON.parse(authority) as StoredAuthority['authority'] }));
  }

  async #page(statement: Statement, page: PageRequest): Promise<ItemsPage<InboxGate>> {
    return toPage(await askDatabase<GateDocument & PagedRow>(this.database, statement), page, readGate);
  }
}
