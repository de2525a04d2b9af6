import { approverKeysOf, canonicalIdentity, neededAuthority, reviewerPolicy } from '@cs/approval-domain';
import { isVoting } from '@cs/automation-domain';
import type { PendingGate, Run } from '@cs/contracts';
import type { GateKeys } from './row-changes.js';

const requesterOf = ({ requested_by: { actor_id, source } }: Run): string | null => (actor_id === undefined ? null : canonicalIdentity(actor_id, source));

/** What the inbox finds an open gate by. */
export const gateKeysOf = (run: Run, gate: PendingGate): GateKeys => {
  const { risk_tier, data_classes } = reviewerPolicy(gate, run);
  return {
    kind: gate.kind ?? (isVoting(gate) ? 'dual_control' : 'approval_gate'),
    risk_tier: risk_tier ?? gate.risk_tier ?? null,
    data_classes,
    requester: requesterOf(run),
    approvers: approverKeysOf(gate),
    voters: (gate.votes ?? []).map(({ voter }) => voter),
    authority: neededAuthority(gate, run) ?? null,
  };
};
