import type { ApprovalRequest, GovernanceActor, PendingGate } from '@cs/contracts';
import { isVoting } from '@cs/automation-domain';
import type { JsonObject } from '@cs/kernel';
import type { TenantKey } from './tenant-key.js';

/** An open gate as the inbox lists it. */
export interface OpenGate extends TenantKey {
  readonly run_id: string;
  readonly gate: PendingGate;
  readonly requested_by: GovernanceActor;
  readonly expires_at_ms: number | null;
  /** Name of the automation; its id while the automation is not known. */
  readonly workflow_name: string;
}

const preview = ({ title, instructions }: PendingGate): string => (instructions === undefined || instructions === '' ? `**${title}**` : `**${title}**\n\n${instructions}`);

const actionKind = ({ metadata }: PendingGate): string => {
  const kind = metadata?.['action_kind'];
  return typeof kind === 'string' && kind !== '' ? kind : 'approval_gate';
};

/** Who has not voted: people by their own names. Whoever has a role or is in a group cannot be listed. */
const missingPeople = ({ approvers = [], votes = [] }: PendingGate): readonly string[] => {
  const voters = new Set(votes.map(({ voter }) => voter));
  return approvers.filter(({ kind, id }) => kind === 'person' && !voters.has(id.trim().toLowerCase())).map(({ id }) => id);
};

const votingOf = (gate: PendingGate): ApprovalRequest['voting'] => {
  if (!isVoting(gate)) return null;
  const { voting = 'veto', approvals_required = 1, votes = [] } = gate;
  return { rule: voting, approvals_required, approvals: votes.filter(({ decision }) => decision === 'approve').length, votes, missing_people: missingPeople(gate) };
};

const surfacePayload = (run_id: string, gate: PendingGate, expires_at_ms: number | null): JsonObject => ({
  automation_v2_run_id: run_id, approval_request_id: gate.approval_request_id, wait_id: gate.wait_id, transition_id: gate.transition_id,
  gate_opening_id: gate.gate_opening_id, decide_endpoint: `/automations/v2/runs/${run_id}/gate`, expires_at_ms,
  ...(gate.expiry_policy === undefined ? {} : { expiry_policy: { ...gate.expiry_policy } }),
  ...(gate.policy_state === undefined ? {} : { gate_policy_state: { ...gate.policy_state }, notification_key: gate.policy_state.notification_key ?? null }),
  ...(gate.metadata === undefined ? {} : { gate_metadata: gate.metadata }),
});

/** The approval request of an open gate (domain 5.10). */
export const toApprovalRequest = ({ org_id, workspace_id, run_id, gate, requested_by, expires_at_ms, workflow_name }: OpenGate): ApprovalRequest => {
  const { instructions = null, approvers = null, releases = [], reopened_because = null } = gate;
  return {
    request_id: gate.approval_request_id, source: 'automation_v2', tenant: { org_id, workspace_id, user_id: requested_by.actor_id ?? null },
    run_id, node_id: gate.node_id, gate_opening_id: gate.gate_opening_id, workflow_name, action_kind: actionKind(gate), action_preview_markdown: preview(gate),
    surface_payload: surfacePayload(run_id, gate, expires_at_ms), requested_at_ms: gate.requested_at_ms, expires_at_ms, decisions: gate.decisions,
    rework_targets: gate.rework_targets, instructions, requested_by, approvers, releases, reopened_because, voting: votingOf(gate),
  };
};
