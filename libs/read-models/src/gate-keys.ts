import { approverKeysOf, identityOf, mayNotBeRequester, neededAuthority, reviewerPolicy, type ReviewerPolicy } from '@cs/approval-domain';
import { isVoting, seatNamesOf } from '@cs/automation-domain';
import type { ApprovalKind, PendingGate, Run } from '@cs/contracts';
import type { GateKeys } from './row-changes.js';

const requesterOf = ({ requested_by }: Run): string | null => identityOf(requested_by) ?? null;
const kindOf = (gate: PendingGate): ApprovalKind => {
  if (gate.kind !== undefined) return gate.kind;
  if (gate.policy !== undefined) return 'policy_gate';
  return isVoting(gate) ? 'dual_control' : 'approval_gate';
};

/** Whoever asked, where the gate takes approvals only and none of theirs. */
const barredOf = (run: Run, gate: PendingGate, policy: ReviewerPolicy): string | null =>
  mayNotBeRequester(gate, policy) && gate.decisions.every((decision) => decision === 'approve') ? requesterOf(run) : null;

/** What the inbox finds an open gate by. */
export const gateKeysOf = (run: Run, gate: PendingGate): GateKeys => {
  const policy = reviewerPolicy(gate, run);
  return {
    kind: kindOf(gate),
    risk_tier: policy.risk_tier ?? gate.risk_tier ?? null,
    data_classes: policy.data_classes,
    requester: requesterOf(run),
    barred: barredOf(run, gate, policy),
    approvers: approverKeysOf(gate),
    voters: [...new Set((gate.votes ?? []).flatMap(seatNamesOf))],
    authority: neededAuthority(gate, run) ?? null,
  };
};
