import { mayNotBeRequester, reviewerPolicy, type ReviewerPolicy } from '@cs/approval-domain';
import { escalationChain, isVoting } from '@cs/automation-domain';
import type { ApprovalEscalation, ApprovalGrounds, ApprovalTimeout, GovernanceActor, PendingGate } from '@cs/contracts';
import type { InboxGate } from './inbox-queries.port.js';

const sentences = ({ gate }: InboxGate, { risk_tier, data_classes }: ReviewerPolicy): readonly (string | false)[] => [
  gate.policy === undefined ? 'The automation stops here for a decision.' : `A policy asks for an approval before this happens: ${gate.policy.reason}`,
  gate.reopened_because !== undefined && 'What was about to happen is not what had been approved before, so it asks again.',
  isVoting(gate) && `It takes ${gate.approvals_required ?? 1} approvals of different people.`,
  risk_tier !== undefined && `Its risk is "${risk_tier}".`,
  data_classes.length > 0 && `It concerns data of the classes ${data_classes.join(', ')}.`,
];

/** The person of an installation without keys is nobody that a decider could be compared with, and may decide. */
const isKnown = ({ kind, actor_id }: GovernanceActor): boolean => kind !== 'human' || actor_id !== undefined;

/** Why somebody has to sign. */
export const groundsOf = (row: InboxGate): ApprovalGrounds => {
  const { gate } = row;
  const policy = reviewerPolicy(gate, { automation_id: row.automation_id, tenant_context: { org_id: row.org_id, workspace_id: row.workspace_id, source: 'explicit' } });
  return {
    text: sentences(row, policy).filter((sentence) => sentence !== false).join(' '),
    risk_tier: policy.risk_tier ?? gate.risk_tier ?? null, data_classes: policy.data_classes,
    requester_barred: isKnown(row.requested_by) && mayNotBeRequester(gate, policy),
    reviewer_eligibility: policy.eligibility, policy_decision: gate.policy ?? null,
  };
};

const nextAsked = ({ expiry_policy = {}, policy_state }: PendingGate): string | undefined => escalationChain(expiry_policy)[policy_state?.escalations ?? 0];

/** What happens when nobody decides in time. */
export const timeoutOf = ({ gate, expires_at_ms }: InboxGate): ApprovalTimeout => {
  const action = gate.expiry_policy?.on_expiry ?? 'cancel';
  if (expires_at_ms === null) return { at_ms: null, then: 'wait', escalate_to: null };
  if (action !== 'escalate') return { at_ms: expires_at_ms, then: action, escalate_to: null };
  const next = nextAsked(gate);
  return { at_ms: expires_at_ms, then: next === undefined ? 'wait' : 'escalate', escalate_to: next ?? null };
};

/** How often time has asked again. */
export const escalationOf = ({ policy_state }: PendingGate): ApprovalEscalation => {
  const { escalations: level = 0, escalated_to = null, escalated_at_ms = null, reminder_count: reminders = 0, last_reminded_at_ms = null, stale = false } = policy_state ?? {};
  return { level, escalated_to, escalated_at_ms, reminders, last_reminded_at_ms, stale };
};
