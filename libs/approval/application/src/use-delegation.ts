import { decideDelegation, standInQuestion, type AskedSeat, type DelegationRefusal, type DelegationState } from '@cs/approval-domain';
import type { CallContext, DelegationEvent, PendingGate, Run } from '@cs/contracts';
import { executeCommand, type Eventing } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import { delegationAggregate, delegationsOf } from './delegation.aggregate.js';

export interface DelegationUse {
  readonly seat: AskedSeat;
  readonly run: Run;
  readonly gate: PendingGate;
  readonly decision_id: string;
  readonly decision: string;
}

/**
 * Records that somebody is let decide under a delegation, in that delegation's own history: whether it was
 * before its end is decided by their order there. The seat as it was then is what the decision is judged with.
 */
export const useDelegation = async (eventing: Eventing, context: CallContext, { seat, run, gate, decision_id, decision }: DelegationUse): Promise<Result<AskedSeat>> => {
  const { run_id } = run;
  const { node_id, gate_opening_id } = gate;
  const result = await executeCommand<DelegationState, DelegationEvent, DelegationRefusal>(delegationsOf(eventing.digest, context.tenant, seat.person), {
    eventing, aggregate: delegationAggregate,
    decide: (state, at_ms) => decideDelegation({ type: 'use', question: standInQuestion(context.actor, gate, run), gate: { run_id, node_id, gate_opening_id, decision_id, decision }, used_by: context.actor }, state, at_ms),
    context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: run_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the delegations of this person are being changed by others');
  return result.kind === 'refused' ? { ok: false, refusal: result.refusal } : accepted({ ...seat, delegations: result.loaded.state });
};
