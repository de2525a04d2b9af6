import { canonicalIdentity, decideDelegation, findDelegation, identityOf, type DelegationCommand, type DelegationRefusal, type DelegationState } from '@cs/approval-domain';
import { isHumanAdministrator } from '@cs/automation-domain';
import { isSameTenant, type AggregateRef, type CallContext, type DelegationEvent, type DelegationRecord, type endDelegation as endMethod, type PayloadOf, type setDelegation as setMethod } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type IdSource } from '@cs/eventing';
import { accepted, canonicalJson, refused, type Refusal, type Result } from '@cs/kernel';
import { delegationAggregate, delegationIdOf, delegationsOf, refOfDelegation, toDelegationRecord } from './delegation.aggregate.js';
import { recordRefusedDelegation, type RefusedDelegation } from './gate-refusal.aggregate.js';

export interface DelegationOptions {
  readonly eventing: Eventing;
  readonly newId: IdSource;
}

export interface DelegationStored {
  readonly delegation: DelegationRecord;
  readonly position: number;
}

type Stored = Result<DelegationStored>;
type About = RefusedDelegation['about'];

const denied = (delegator: string): Refusal => ({ code: 'DELEGATION_ACCESS_DENIED', message: `only "${delegator}" or an administrator may do this` });

/** For oneself, or for another as an administrator who does not take the seat themself. */
const mayNotSet = (context: CallContext, delegator: string | undefined, stand_in: string): Refusal | undefined => {
  if (context.actor.kind !== 'human' || delegator === undefined) return { code: 'DELEGATION_REQUIRES_HUMAN', message: 'only a person that the request names may name a stand-in' };
  const caller = identityOf(context.actor);
  if (caller === delegator) return undefined;
  if (caller === stand_in || !isHumanAdministrator(context)) return denied(delegator);
  return undefined;
};

const refuseAndRecord = async (options: DelegationOptions, context: CallContext, refusal: RefusedDelegation): Promise<Result<never>> => {
  await recordRefusedDelegation(options, context, refusal);
  return { ok: false, refusal: refusal.refusal };
};

const execute = async ({ eventing }: DelegationOptions, context: CallContext, { ref, command, id }: { ref: AggregateRef; command: DelegationCommand; id: string }): Promise<Stored> => {
  const result = await executeCommand<DelegationState, DelegationEvent, DelegationRefusal>(ref, {
    eventing, aggregate: delegationAggregate, decide: (state, at_ms) => decideDelegation(command, state, at_ms), context: { actor: context.actor, causation_id: context.correlation_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the delegations of this person are being changed by others');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  const held = findDelegation(result.loaded.state, id);
  if (held === undefined) throw new Error('a delegation that was written is not there');
  return accepted({ delegation: toDelegationRecord(held, eventing.clock()), position: result.loaded.position });
};

/** Names a stand-in. Repeated with its key, it answers the first one. */
export const setDelegation = async (options: DelegationOptions, context: CallContext, request: PayloadOf<typeof setMethod>): Promise<Stored> => {
  const { eventing, newId } = options;
  const stand_in = canonicalIdentity(request.stand_in);
  const delegator = request.delegator === undefined ? identityOf(context.actor) : canonicalIdentity(request.delegator);
  const refusal = mayNotSet(context, delegator, stand_in);
  if (refusal !== undefined || delegator === undefined) {
    const about: About = { stand_in, ...(delegator === undefined ? {} : { delegator }) };
    return await refuseAndRecord(options, context, { request: 'set', about, refusal: refusal ?? { code: 'DELEGATION_REQUIRES_HUMAN', message: 'the request names nobody' } });
  }
  const ref = delegationsOf(eventing.digest, context.tenant, delegator);
  const delegation_id = delegationIdOf(ref, eventing.digest, canonicalJson([context.actor.actor_id ?? '', request.command_id ?? newId()]));
  const { from_ms, until_ms, reason, scope } = request;
  const delegation = { delegation_id, delegator, stand_in, from_ms, until_ms, reason, scope, set_by: context.actor };
  return await execute(options, context, { ref, id: delegation_id, command: { type: 'set', delegation, tenant_context: context.tenant } });
};

const notFound = (delegation_id: string): Result<never> => refused('DELEGATION_NOT_FOUND', `there is no delegation "${delegation_id}"`);

/** Ends a delegation. For whom it does not concern it is not there. */
export const endDelegation = async (options: DelegationOptions, context: CallContext, { delegation_id, reason }: PayloadOf<typeof endMethod>): Promise<Stored> => {
  const ref = refOfDelegation(context.tenant, delegation_id);
  if (ref === undefined) return notFound(delegation_id);
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: delegationAggregate }, ref);
  const held = findDelegation(state, delegation_id);
  if (held === undefined || !isSameTenant(held.tenant_context, context.tenant)) return notFound(delegation_id);
  const { delegator, stand_in } = held.delegation;
  const caller = identityOf(context.actor);
  const about: About = { delegation_id, delegator, stand_in };
  if (context.actor.kind !== 'human') return await refuseAndRecord(options, context, { request: 'end', about, refusal: { code: 'DELEGATION_REQUIRES_HUMAN', message: 'only a person may end a delegation' } });
  if (caller === delegator || isHumanAdministrator(context)) return await execute(options, context, { ref, id: delegation_id, command: { type: 'end', delegation_id, ended_by: context.actor, reason } });
  return caller === stand_in ? await refuseAndRecord(options, context, { request: 'end', about, refusal: denied(delegator) }) : notFound(delegation_id);
};
