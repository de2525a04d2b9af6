import type { StoredCommit } from '@cs/eventing';
import type { GovernanceApprovalRow, GovernanceReviewRow, GovernedAgentRow } from './governance-rows.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

const unknownApproval = {
  approval_type: null, subject_kind: null, subject_id: null, automation_id: null, binding: null, reason: null, requested_by: null, requested_at_ms: null, expires_at_ms: null,
  decided_by: null, decided_at_ms: null, note: null, consumed_by: null,
} as const;

type ApprovalFacts = Partial<Omit<GovernanceApprovalRow, 'position' | 'approval_id'>> & Pick<GovernanceApprovalRow, 'status'>;

const approvalFacts = (event: RecordedIn<'governance_approval'>): ApprovalFacts => {
  const { recorded_at_ms } = event;
  switch (event.event_type) {
    case 'governance_approval_requested': {
      const { approval_type, subject, binding, reason, requested_by, expires_at_ms } = event.data;
      const automation_id = subject.kind === 'automation' ? subject.id : null;
      return { status: 'pending', approval_type, subject_kind: subject.kind, subject_id: subject.id, automation_id, binding, reason, requested_by, expires_at_ms, requested_at_ms: recorded_at_ms };
    }
    case 'governance_approval_approved': return { status: 'approved', decided_by: event.data.decided_by, note: event.data.note, decided_at_ms: recorded_at_ms };
    case 'governance_approval_denied': return { status: 'denied', decided_by: event.data.decided_by, note: event.data.note, decided_at_ms: recorded_at_ms };
    case 'governance_approval_consumed': return { status: 'consumed', consumed_by: event.data.consumed_by };
  }
};

/** Approvals after each event of a commit. */
export const projectGovernanceApprovals = (stored: StoredCommit): readonly GovernanceApprovalRow[] =>
  eventsOf('governance_approval', stored).map((event) => ({ ...unknownApproval, ...tenantKey(event.data.tenant_context), approval_id: event.data.approval_id, ...approvalFacts(event), position: stored.position }));

/** Members that are `null` leave what is known; a request that is made again starts anew, which its time says. */
export const known = <Row extends object>(before: Row, after: Row): Row =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value ?? (before as Readonly<Record<string, unknown>>)[name] ?? null])) as Row;

export const mergeGovernanceApprovals = (before: GovernanceApprovalRow, after: GovernanceApprovalRow): GovernanceApprovalRow => (after.status === 'pending' ? after : known(before, after));
export const mergeGovernedAgents = (before: GovernedAgentRow, after: GovernedAgentRow): GovernedAgentRow => known(before, after);
export const mergeGovernanceReviews = (before: GovernanceReviewRow, after: GovernanceReviewRow): GovernanceReviewRow => known(before, after);

type AgentFacts = Partial<Pick<GovernedAgentRow, 'spend' | 'spend_paused' | 'permissions'>>;

const agentFacts = (event: RecordedIn<'governed_agent'>): AgentFacts => {
  if (event.event_type === 'agent_spend_recorded') return { spend: event.data.totals };
  if (event.event_type === 'agent_spend_paused') return { spend_paused: 'yes' };
  if (event.event_type === 'agent_spend_resumed') return { spend_paused: 'no' };
  if (event.event_type !== 'agent_permissions_changed') return {};
  const { creation_paused, authority_revoked, weekly_spend_cap_usd } = event.data;
  return { permissions: { creation_paused, authority_revoked, weekly_spend_cap_usd } };
};

/** Agents after each event of a commit. */
export const projectGovernedAgents = (stored: StoredCommit): readonly GovernedAgentRow[] =>
  eventsOf('governed_agent', stored).map((event) => ({
    ...tenantKey(event.data.tenant_context), agent_id: event.data.agent_id, spend: null, spend_paused: null, permissions: null, ...agentFacts(event), updated_at_ms: event.recorded_at_ms, position: stored.position,
  }));

/** Reviews of automations that are due or done. */
export const projectAutomationReviews = (stored: StoredCommit): readonly GovernanceReviewRow[] =>
  eventsOf('automation', stored).flatMap((event) => {
    if (event.event_type !== 'automation_review_required' && event.event_type !== 'automation_reviewed' && event.event_type !== 'automation_deleted') return [];
    const { automation_id, tenant_context } = event.data;
    const isDue = event.event_type === 'automation_review_required';
    return [{
      ...tenantKey(tenant_context), subject_kind: 'automation' as const, subject_id: automation_id, automation_id, status: isDue ? ('due' as const) : ('done' as const),
      reason: event.event_type === 'automation_review_required' ? event.data.reason : null, since_ms: event.recorded_at_ms, position: stored.position,
    }];
  });

/** Reviews of agents that are due or done. */
export const projectAgentReviews = (stored: StoredCommit): readonly GovernanceReviewRow[] =>
  eventsOf('governed_agent', stored).flatMap((event) => {
    if (event.event_type !== 'agent_review_required' && event.event_type !== 'agent_reviewed') return [];
    const { agent_id, tenant_context } = event.data;
    const isDue = event.event_type === 'agent_review_required';
    return [{
      ...tenantKey(tenant_context), subject_kind: 'agent' as const, subject_id: agent_id, automation_id: null, status: isDue ? ('due' as const) : ('done' as const),
      reason: event.event_type === 'agent_review_required' ? `${event.data.creations} creations since the last review` : null, since_ms: event.recorded_at_ms, position: stored.position,
    }];
  });
