import type { ApprovalBinding, ApprovalType, GovernanceActor, GovernanceApprovalRecord, GovernanceReviewRecord, GovernedAgentRecord, SpendTotals } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import type { ApprovalFilter, GovernanceQueries, ItemsPage, PageRequest, Reader } from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { isSeenThrough } from './visibility.js';

const ofTenant = (alias: string): string => `${alias}.org_id = $1 and ${alias}.workspace_id = $2 and ${alias}.deployment_id = $3`;
const tenantOf = ({ org_id, workspace_id, deployment_id }: Reader): readonly string[] => [org_id, workspace_id, deployment_id];
const keysOf = ({ viewer_keys }: Reader): readonly string[] | null => viewer_keys ?? null;

/** What it is for clients: time alone ends a request that nobody decided or used. */
const shownStatus = `case when t.status in ('pending', 'approved') and t.expires_at_ms <= $8 then 'expired' else t.status end`;

const approvalsText = boundedPage(`
  select t.*, ${shownStatus} as shown_status, t.requested_at_ms as at_ms, t.approval_id as id, octet_length(t.binding) + 1000 as bytes from countersign.governance_approvals t
  where ${ofTenant('t')} and t.binding is not null and (t.requested_at_ms, t.approval_id) < ($4, $5) and ${isSeenThrough('t', 7)}
    and ($9::text is null or ${shownStatus} = $9) and ($10::text is null or t.approval_type = $10)
    and ($11::text is null or t.automation_id = $11) and ($12::text is null or (t.subject_kind = 'agent' and t.subject_id = $12))
  order by t.requested_at_ms desc, t.approval_id desc limit $6`);

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

  async governanceApprovals(reader: Reader, { status, approval_type, automation_id, agent_id, now_ms }: ApprovalFilter, page: PageRequest): Promise<ItemsPage<GovernanceApprovalRecord>> {
    const rows = await askDatabase<ApprovalDocument & PagedRow>(this.database, {
      name: 'governance_approvals', text: approvalsText,
      values: [...tenantOf(reader), ...keysetValues(page), keysOf(reader), now_ms, status ?? null, approval_type ?? null, automation_id ?? null, agent_id ?? null],
    });
    return toPage(rows, page, readApproval);
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
