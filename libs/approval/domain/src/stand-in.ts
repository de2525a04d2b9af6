import type { CallContext, GovernanceActor, OnBehalfOf, PendingGate, Run } from '@cs/contracts';
import { delegationInForce, onBehalfOf, type NotInForce, type StandInQuestion } from './delegation-force.js';
import type { DelegationState } from './delegation.state.js';
import { identitiesOf, identityOf, isSameIdentity } from './identity.js';
import { reviewerPolicy } from './reviewer-policy.js';

/** Whose seat somebody asks for, and the delegations of that person. */
export interface AskedSeat {
  readonly person: string;
  /** Whether the gate is that person's to decide. */
  readonly entitled: boolean;
  readonly delegations: DelegationState;
}

export type Seat = { readonly ok: true; readonly on_behalf_of: OnBehalfOf } | { readonly ok: false; readonly reason: NotInForce | 'not_entitled' };

export const standInQuestion = (actor: GovernanceActor, gate: PendingGate, run: Pick<Run, 'automation_id' | 'tenant_context'>): Omit<StandInQuestion, 'at_ms'> => ({
  stand_in: identitiesOf(actor), automation_id: run.automation_id, risk_tier: reviewerPolicy(gate, run).risk_tier,
});

/** The seat as it can be taken at a moment. */
export const seatAt = ({ entitled, delegations }: AskedSeat, question: StandInQuestion): Seat => {
  if (!entitled) return { ok: false, reason: 'not_entitled' };
  const inForce = delegationInForce(delegations, question);
  return inForce.ok ? { ok: true, on_behalf_of: onBehalfOf(inForce.held) } : inForce;
};

/** Whether somebody decided or voted at a gate of the run: then they know of it, whatever they may do now. */
export const hasSpoken = ({ checkpoint: { gate_history, awaiting_gate } }: Run, { actor }: Pick<CallContext, 'actor'>): boolean => {
  if (identityOf(actor) === undefined) return false;
  const votes = [...gate_history, ...(awaiting_gate === undefined ? [] : [awaiting_gate])].flatMap((one) => one.votes ?? []);
  return gate_history.some(({ decided_by }) => isSameIdentity(actor, decided_by)) || votes.some(({ voted_by }) => isSameIdentity(actor, voted_by));
};
