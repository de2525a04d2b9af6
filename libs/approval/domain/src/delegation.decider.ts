import { accept, canonicalJson, refuse, type Decision, type Json, type Refusal } from '@cs/kernel';
import type { Delegation, DelegationEvent, GovernanceActor, Problem, TenantContext } from '@cs/contracts';
import { delegationInForce, type StandInQuestion } from './delegation-force.js';
import { findDelegation, isLasting, type DelegationState } from './delegation.state.js';

/** Names a stand-in; who may was judged before. */
export interface SetDelegation {
  readonly type: 'set';
  readonly delegation: Omit<Delegation, 'set_at_ms' | 'from_ms'> & { readonly from_ms: number | undefined };
  readonly tenant_context: TenantContext;
}

export interface EndDelegation {
  readonly type: 'end';
  readonly delegation_id: string;
  readonly ended_by: GovernanceActor;
  readonly reason: string | undefined;
}

/** Asks to decide a gate under a delegation: the order of this and its end is what counts. */
export interface UseDelegation {
  readonly type: 'use';
  readonly question: Omit<StandInQuestion, 'at_ms'>;
  readonly gate: { readonly run_id: string; readonly node_id: string; readonly gate_opening_id: string; readonly decision_id: string; readonly decision: string };
  readonly used_by: GovernanceActor;
}

export type DelegationCommand = SetDelegation | EndDelegation | UseDelegation;
export type DelegationRefusal = Refusal<'DELEGATION_INVALID' | 'DELEGATION_LIMIT' | 'DELEGATION_NOT_FOUND' | 'IDEMPOTENCY_KEY_REUSED' | 'AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE'>;
type Decided = Decision<DelegationEvent, DelegationRefusal>;

const longestMs = 366 * 24 * 3_600_000;
/** Delegations of one person that are not over. */
const most = 50;

const problem = (path: string, code: string, message: string): Problem => ({ path, code, message });

const problemsOf = ({ delegator, stand_in, from_ms, until_ms }: Delegation, at_ms: number): readonly Problem[] => [
  ...(delegator === stand_in ? [problem('stand_in', 'stand_in_is_delegator', 'nobody stands in for themself')] : []),
  ...(until_ms <= Math.max(from_ms, at_ms) ? [problem('until_ms', 'period_empty', 'must be later than now and than its begin')] : []),
  ...(until_ms - from_ms > longestMs ? [problem('until_ms', 'period_too_long', 'at most 366 days after its begin')] : []),
  ...(from_ms - at_ms > longestMs ? [problem('from_ms', 'period_too_far', 'at most 366 days from now')] : []),
];

const content = ({ delegator, stand_in, until_ms, reason, scope }: Pick<Delegation, 'delegator' | 'stand_in' | 'until_ms' | 'reason' | 'scope'>): string =>
  canonicalJson({ delegator, stand_in, until_ms, reason, scope: scope as Json });

const set = ({ delegation: { from_ms: asked, ...rest }, tenant_context }: SetDelegation, state: DelegationState, at_ms: number): Decided => {
  const delegation: Delegation = { ...rest, from_ms: asked ?? at_ms, set_at_ms: at_ms };
  const known = findDelegation(state, delegation.delegation_id);
  if (known !== undefined) {
    const isSame = content(known.delegation) === content(delegation) && (asked === undefined || asked === known.delegation.from_ms);
    return isSame ? accept() : refuse({ code: 'IDEMPOTENCY_KEY_REUSED', message: 'this Idempotency-Key was used for another delegation' });
  }
  const problems = problemsOf(delegation, at_ms);
  const [first] = problems;
  if (first !== undefined) return refuse({ code: 'DELEGATION_INVALID', message: `${first.path} ${first.message}`, details: { problems: problems as unknown as Json } });
  if (state.filter((held) => isLasting(held, at_ms)).length >= most) return refuse({ code: 'DELEGATION_LIMIT', message: `"${delegation.delegator}" has ${most} delegations that are not over` });
  return accept({ event_type: 'delegation_set', data: { delegation, tenant_context } });
};

const end = ({ delegation_id, ended_by, reason }: EndDelegation, state: DelegationState, at_ms: number): Decided => {
  const held = findDelegation(state, delegation_id);
  if (held === undefined) return refuse({ code: 'DELEGATION_NOT_FOUND', message: `there is no delegation "${delegation_id}"` });
  if (!isLasting(held, at_ms)) return accept();
  return accept({ event_type: 'delegation_ended', data: { delegation_id, tenant_context: held.tenant_context, ended_by, ...(reason === undefined ? {} : { reason }) } });
};

const use = ({ question, gate, used_by }: UseDelegation, state: DelegationState, at_ms: number): Decided => {
  const inForce = delegationInForce(state, { ...question, at_ms });
  if (!inForce.ok) return refuse({ code: 'AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE', message: 'no delegation lets you decide this gate for that person', details: { nodeID: gate.node_id, reason_code: inForce.reason } });
  const { held } = inForce;
  return accept({ event_type: 'delegation_used', data: { ...gate, delegation_id: held.delegation.delegation_id, tenant_context: held.tenant_context, used_by, use: held.uses + 1 } });
};

/** Who stands in for one person. */
export const decideDelegation = (command: DelegationCommand, state: DelegationState, at_ms: number): Decided => {
  switch (command.type) {
    case 'set': return set(command, state, at_ms);
    case 'end': return end(command, state, at_ms);
    case 'use': return use(command, state, at_ms);
  }
};
