import type { GovernanceApprovalRow, GovernanceReviewRow, GovernedAgentRow, GovernedAutomationRow } from '@cs/read-models';
import { bigints, document, texts, type BulkTable } from './bulk-table.js';

const coalesce = (columns: readonly string[]): Readonly<Record<string, string>> => Object.fromEntries(columns.map((column) => [column, 'coalesce({new}, {old})']));

/** A request that is made again starts anew: nothing of the decision before stays. */
const ofDecision = ['decided_by', 'decided_at_ms', 'note', 'consumed_by'];
const afresh = `case when excluded.status = 'pending' then {new} else coalesce({new}, {old}) end`;

const approvals: BulkTable<GovernanceApprovalRow> = {
  name: 'governance_approvals',
  conflict: ['org_id', 'workspace_id', 'approval_id'],
  merge: {
    ...coalesce(['approval_type', 'subject_kind', 'subject_id', 'automation_id', 'binding', 'reason', 'requested_by', 'requested_at_ms', 'expires_at_ms']),
    ...Object.fromEntries(ofDecision.map((column) => [column, afresh])),
  },
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'approval_id', 'status', 'approval_type', 'subject_kind', 'subject_id', 'automation_id', 'reason', 'note', 'consumed_by'),
    ...bigints('requested_at_ms', 'expires_at_ms', 'decided_at_ms', 'position'),
    binding: document(({ binding }) => binding), requested_by: document(({ requested_by }) => requested_by), decided_by: document(({ decided_by }) => decided_by),
  },
};

const agents: BulkTable<GovernedAgentRow> = {
  name: 'governed_agents',
  conflict: ['org_id', 'workspace_id', 'deployment_id', 'agent_id'],
  merge: coalesce(['spend', 'spend_paused', 'permissions']),
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'agent_id', 'spend_paused'), ...bigints('updated_at_ms', 'position'),
    spend: document(({ spend }) => spend), permissions: document(({ permissions }) => permissions),
  },
};

const reviews: BulkTable<GovernanceReviewRow> = {
  name: 'governance_reviews',
  conflict: ['org_id', 'workspace_id', 'deployment_id', 'subject_kind', 'subject_id'],
  merge: coalesce(['reason']),
  columns: { ...texts('org_id', 'workspace_id', 'deployment_id', 'subject_kind', 'subject_id', 'automation_id', 'status', 'reason'), ...bigints('since_ms', 'position') },
};

/** What is made anew under an id has nothing of what was there. */
const madeAnew = 'case when excluded.made_at_ms is not null then {new} else coalesce({new}, {old}) end';

const automations: BulkTable<GovernedAutomationRow> = {
  name: 'governed_automations',
  conflict: ['org_id', 'workspace_id', 'automation_id'],
  merge: Object.fromEntries(['made_at_ms', 'in_use', 'expires_at_ms', 'expiry_warned_ms', 'launched_at_ms', 'reviewed_at_ms', 'health_checked_at_ms', 'health_launched_at_ms', 'open_runs'].map((column) => [column, madeAnew])),
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'automation_id', 'in_use'),
    ...bigints('made_at_ms', 'expires_at_ms', 'expiry_warned_ms', 'launched_at_ms', 'reviewed_at_ms', 'health_checked_at_ms', 'health_launched_at_ms', 'open_runs', 'position'),
  },
};

export const governanceTables = { governance_approvals: approvals, governed_agents: agents, governance_reviews: reviews, governed_automations: automations };
