import type { ApprovalBinding, ApprovalType, GovernanceActor, GovernanceApprovalRecord, GovernanceReviewRecord, GovernedAgentRecord, SpendTotals } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import type { ApprovalFilter, GovernanceQueries, ItemsPage, PageRequest, Reader } from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database, Statement } from './database.js';
import { isSeenThrough } from './visibility.js';

const ofTenant = (alias: string): string => `${alias}.org_id = $1 and ${alias}.workspace_id = $2 and ${alias}.deployment_id = $3`;
const tenantOf = ({ org_id, workspace_id, deployment_id }: Reader): readonly string[] => [org_id, workspace_id, deployment_id];
const keysOf = ({ viewer_keys }: Reader): readonly string[] | null => viewer_keys ?? null;

/** What it is for clients: time alone ends a request that nobody decided or used. */
const shownStatus = `case when t.status in ('pending', 'approved') and t.expires_at_ms <= $8 then 'expired' else t.status end`;

const inOrder = 'order by t.requested_at_ms desc, t.approval_id desc limit $6';

/** How requests of a status are found: by what statuses they have stored, and by their time where that says what they are. */
interface Found {
  readonly by: 'status' | 'open' | 'expired';
  readonly stored: readonly string[];
}

const foundBy = (status: string | undefined): Found => {
  if (status === 'expired') return { by: 'expired', stored: ['pending', 'approved'] };
  if (status === 'pending' || status === 'approved') return { by: 'open', stored: [status] };
  return { by: 'status', stored: status === undefined ? ['pending', 'approved', 'denied', 'consumed'] : [status] };
};

/**
 * One range of an index for each status that is stored. What can still be decided or used is found by its time instead: of what
 * expired, which keeps its status, there is more every day.
 */
const foundText = ({ by }: Found, conditions: string): string => {
  const table = `select * from countersign.governance_approvals t where ${ofTenant('t')}`;
  if (by === 'open') return `(${table} and t.status = any($9::text[]) and t.status in ('pending', 'approved') and t.expires_at_ms > $8 and ${conditions} offset 0) as t`;
  return `unnest($9::text[]) as wanted(stored) cross join lateral (${table} and t.status = wanted.stored${by === 'expired' ? ' and t.expires_at_ms <= $8' : ''} and ${conditions} ${inOrder}) as t`;
};

const wantedOf = ({ approval_type, automation_id, agent_id }: ApprovalFilter) =>
  [['type', 't.approval_type', approval_type], ['automation', 't.automation_id', automation_id], ['agent', `t.subject_kind = 'agent' and t.subject_id`, agent_id]] as const;

/** A page of requests for approval, newest first. One text for each way in which they are found. */
export const approvalsStatement = (reader: Reader, filter: ApprovalFilter, page: PageRequest): Statement => {
  const found = foundBy(filter.status);
  const values: unknown[] = [...tenantOf(reader), ...keysetValues(page), keysOf(reader), filter.now_ms, found.stored];
  const wanted = wantedOf(filter).filter(([, , value]) => value !== undefined);
  const conditions = ['t.binding is not null', '(t.requested_at_ms, t.approval_id) < ($4, $5)', isSeenThrough('t', 7), ...wanted.map(([, column, value]) => `${column} = $${values.push(value)}`)].join(' and ');
  return {
    name: ['governance_approvals_by', found.by, ...wanted.map(([name]) => name)].join('_'), values,
    text: boundedPage(`select t.*, ${shownStatus} as shown_status, t.requested_at_ms as at_ms, t.approval_id as id, octet_length(t.binding) + 1000 as bytes from ${foundText(found, conditions)} ${inOrder}`),
  };
};

interface ApprovalDocument {
  readonly approval_id: string;
  readonly shown_status: GovernanceApprovalRecord['status'];
  readonly approval_type: ApprovalType;
  readonly subject_kind: 'automation' | 'agent';
  readonly subject_id: string;
  readonly binding: string;
  readonly reason: string;
  readonly requested_by: string;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number;
  readonly decided_by: string | null;
  readonly decided_at_ms: number | null;
  readonly note: string | null;
  readonly consumed_by: string | null;
}

/** The projection wrote it, of the same release or migrated. */
const read = <Value>(text: string): Value => JSON.parse(text) as Value;

const readApproval = (row: ApprovalDocument): GovernanceApprovalRecord => ({
  approval_id: row.approval_id, approval_type: row.approval_type, status: row.shown_status, subject: { kind: row.subject_kind, id: row.subject_id }, binding: read<ApprovalBinding>(row.binding), reason: row.reason,
  requested_by: read<GovernanceActor>(row.requested_by), requested_at_ms: row.requested_at_ms, expires_at_ms: row.expires_at_ms,
  ...definedMembers({
    decided_by: row.decided_by === null ? undefined : read<GovernanceActor>(row.decided_by), decided_at_ms: row.decided_at_ms ?? undefined, note: row.note ?? undefined, consumed_by: row.consumed_by ?? undefined,
  }),
});

const reviewsText = boundedPage(`
  select t.*, t.since_ms as at_ms, t.subject_id as id, 500 as bytes from countersign.governance_reviews t
  where ${ofTenant('t')} and t.status = 'due' and (t.since_ms, t.subject_id) < ($4, $5) and ${isSeenThrough('t', 7)}
  order by t.since_ms desc, t.subject_id desc limit $6`);

const agentsText = boundedPage(`
  select t.*, t.updated_at_ms as at_ms, t.agent_id as id, 1000 as bytes from countersign.governed_agents t
  where ${ofTenant('t')} and (t.updated_at_ms, t.agent_id) < ($4, $5) order by t.updated_at_ms desc, t.agent_id desc limit $6`);

interface ReviewDocument {
  readonly subject_kind: 'automation' | 'agent';
  readonly subject_id: string;
  readonly reason: string | null;
  readonly since_ms: number;
}

interface AgentDocument {
  readonly agent_id: string;
  readonly spend: string | null;
  readonly spend_paused: string | null;
  readonly permissions: string | null;
  readonly updated_at_ms: number;
}

type Permissions = Pick<GovernedAgentRecord, 'creation_paused' | 'authority_revoked'> & { readonly weekly_spend_cap_usd: number | null };
const noPermissions: Permissions = { creation_paused: false, authority_revoked: false, weekly_spend_cap_usd: null };

const readAgent = ({ agent_id, spend, spend_paused, permissions, updated_at_ms }: AgentDocument): GovernedAgentRecord => {
  const { weekly_spend_cap_usd, ...allowed } = permissions === null ? noPermissions : read<Permissions>(permissions);
  return { agent_id, ...allowed, spend_paused: spend_paused === 'yes', updated_at_ms, ...definedMembers({ weekly_spend_cap_usd: weekly_spend_cap_usd ?? undefined, spend: spend === null ? undefined : read<SpendTotals>(spend) }) };
};

/** Governance of a tenant in PostgreSQL. */
export class PostgresGovernanceQueries implements GovernanceQueries {
  constructor(private readonly database: Database) {}

  async governanceApprovals(reader: Reader, filter: ApprovalFilter, page: PageRequest): Promise<ItemsPage<GovernanceApprovalRecord>> {
    return toPage(await askDatabase<ApprovalDocument & PagedRow>(this.database, approvalsStatement(reader, filter, page)), page, readApproval);
  }

  async governanceReviews(reader: Reader, page: PageRequest): Promise<ItemsPage<GovernanceReviewRecord>> {
    const rows = await askDatabase<ReviewDocument & PagedRow>(this.database, { name: 'governance_reviews', text: reviewsText, values: [...tenantOf(reader), ...keysetValues(page), keysOf(reader)] });
    return toPage(rows, page, ({ subject_kind, subject_id, reason, since_ms }) => ({ subject: { kind: subject_kind, id: subject_id }, reason: reason ?? '', since_ms }));
  }

  async governedAgents(reader: Reader, page: PageRequest): Promise<ItemsPage<GovernedAgentRecord>> {
    const rows = await askDatabase<AgentDocument & PagedRow>(this.database, { name: 'governed_agents', text: agentsText, values: [...tenantOf(reader), ...keysetValues(page)] });
    return toPage(rows, page, readAgent);
  }
}
