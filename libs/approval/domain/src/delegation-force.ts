import type { Delegation, OnBehalfOf } from '@cs/contracts';
import type { DelegationState, HeldDelegation } from './delegation.state.js';

/** The gate that somebody wants to decide for somebody else. */
export interface StandInQuestion {
  /** Every identity of who would stand in. */
  readonly stand_in: readonly string[];
  readonly automation_id: string;
  readonly risk_tier: string | undefined;
  readonly at_ms: number;
}

/** Why a delegation is none for this gate now. */
export type NotInForce = 'no_delegation' | 'not_yet' | 'over' | 'ended' | 'outside_scope';

export type InForce = { readonly ok: true; readonly held: HeldDelegation } | { readonly ok: false; readonly reason: NotInForce };

const covers = ({ scope: { automation_ids, risk_tiers } }: Delegation, { automation_id, risk_tier }: StandInQuestion): boolean =>
  (automation_ids?.includes(automation_id) ?? true) && (risk_tiers?.some((tier) => tier === risk_tier) ?? true);

/** Its begin counts, its end does not. */
const objection = (held: HeldDelegation, question: StandInQuestion): NotInForce | undefined => {
  const { delegation, ended } = held;
  if (ended !== undefined) return 'ended';
  if (question.at_ms >= delegation.until_ms) return 'over';
  if (question.at_ms < delegation.from_ms) return 'not_yet';
  return covers(delegation, question) ? undefined : 'outside_scope';
};

/** Of several reasons the one that is nearest to being in force. */
const nearest: readonly NotInForce[] = ['outside_scope', 'not_yet', 'ended', 'over', 'no_delegation'];

/** The first delegation by which somebody may decide such a gate now, or why there is none. */
export const delegationInForce = (state: DelegationState, question: StandInQuestion): InForce => {
  const named = state.filter(({ delegation }) => question.stand_in.includes(delegation.stand_in));
  const held = named.find((one) => objection(one, question) === undefined);
  if (held !== undefined) return { ok: true, held };
  const reasons = new Set(named.map((one) => objection(one, question)));
  return { ok: false, reason: nearest.find((reason) => reasons.has(reason)) ?? 'no_delegation' };
};

export const onBehalfOf = ({ delegation: { delegator, stand_in, delegation_id } }: HeldDelegation): OnBehalfOf => ({ person: delegator, stand_in, delegation_id });
