import type { ApprovalRequest, GateRelease, PendingGate } from '@cs/contracts';
import { isVoting, seatNamesOf } from '@cs/automation-domain';
import { definedMembers, redactJson, redactCredentials, type JsonObject } from '@cs/kernel';
import { escalationOf, groundsOf, timeoutOf } from './approval-grounds.js';
import { effectOf } from './approval-effects.js';
import { decisionsOpenTo, voteOf, type Asker } from './caller-decisions.js';
import type { InboxGate } from './inbox-queries.port.js';

const preview = ({ title, instructions }: PendingGate): string => redactCredentials(instructions === undefined || instructions === '' ? `**${title}**` : `**${title}**\n\n${instructions}`);

const actionKind = ({ metadata }: PendingGate): string => {
  const kind = metadata?.['action_kind'];
  return typeof kind === 'string' && kind !== '' ? kind : 'approval_gate';
};

/** Who has not voted: people by their own names. Whoever has a role or is in a group cannot be listed. */
const missingPeople = ({ approvers = [], votes = [] }: PendingGate): readonly string[] => {
  const voters = new Set(votes.flatMap(seatNamesOf));
  return approvers.filter(({ kind, id }) => kind === 'person' && !voters.has(id.trim().toLowerCase())).map(({ id }) => id);
};

const votingOf = (gate: PendingGate): ApprovalRequest['voting'] => {
  if (!isVoting(gate)) return null;
  const { voting = 'veto', approvals_required = 1, votes = [] } = gate;
  return { rule: voting, approvals_required, approvals: votes.filter(({ decision }) => decision === 'approve').length, votes, missing_people: missingPeople(gate) };
};

const surfacePayload = ({ run_id, gate, expires_at_ms }: InboxGate): JsonObject => ({
  automation_v2_run_id: run_id, approval_request_id: gate.approval_request_id, wait_id: gate.wait_id, transition_id: gate.transition_id,
  gate_opening_id: gate.gate_opening_id, decide_endpoint: `/automations/v2/runs/${run_id}/gate`, expires_at_ms,
  ...(gate.expiry_policy === undefined ? {} : { expiry_policy: { ...gate.expiry_policy } }),
  ...(gate.policy_state === undefined ? {} : { gate_policy_state: { ...gate.policy_state }, notification_key: gate.policy_state.notification_key ?? null }),
  ...(gate.metadata === undefined ? {} : { gate_metadata: redactJson(gate.metadata) }),
});

const linksOf = ({ run_id, gate_opening_id }: InboxGate): ApprovalRequest['links'] => {
  const id = encodeURIComponent(gate_opening_id);
  return { self: `/approvals/${id}`, page: `/inbox/${id}`, decide: `/automations/v2/runs/${run_id}/gate`, run: `/automations/v2/runs/${run_id}` };
};

const shownRelease = (release: GateRelease): GateRelease => ({ ...release, ...(release.arguments === undefined ? {} : { arguments: redactJson(release.arguments) }) });

const outcomeOf = ({ decision, decided_by, decided_at_ms, reason }: InboxGate): Pick<ApprovalRequest, 'decision' | 'decided_by' | 'decided_at_ms' | 'decision_reason'> =>
  definedMembers({ decision: decision ?? undefined, decided_by: decided_by ?? undefined, decided_at_ms: decided_at_ms ?? undefined, decision_reason: reason === null ? undefined : redactCredentials(reason) });

/** What the gate asks for and whom. */
const questionOf = ({ gate, requested_by }: InboxGate) => {
  const { releases = [], reopened_because = null, approvers = null } = gate;
  return {
    title: redactCredentials(gate.title), action_kind: actionKind(gate), action_preview_markdown: preview(gate), requested_at_ms: gate.requested_at_ms, decisions: gate.decisions, rework_targets: gate.rework_targets,
    instructions: gate.instructions === undefined ? null : redactCredentials(gate.instructions), requested_by, approvers,
    effects: releases.map(effectOf), releases: releases.map(shownRelease), reopened_because, voting: votingOf(gate),
  };
};

/** A gate opening as whoever asks for it needs to see it (domain 5.10). */
export const toApprovalRequest = (row: InboxGate, asker: Asker): ApprovalRequest => {
  const { org_id, workspace_id, gate, requested_by } = row;
  return {
    request_id: gate.approval_request_id, source: 'automation_v2', kind: row.kind, status: row.status, tenant: { org_id, workspace_id, user_id: requested_by.actor_id ?? null },
    automation_id: row.automation_id, run_id: row.run_id, node_id: gate.node_id, gate_opening_id: row.gate_opening_id, workflow_name: row.workflow_name,
    ...questionOf(row), surface_payload: surfacePayload(row), expires_at_ms: row.expires_at_ms,
    because: groundsOf(row), on_timeout: timeoutOf(row), escalation: escalationOf(gate),
    yours: { decisions: decisionsOpenTo(row, asker), vote: voteOf(gate, asker.context) }, links: linksOf(row), ...outcomeOf(row),
  };
};
