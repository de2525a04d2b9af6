import { errorCatalogue, isErrorCode, type AggregateRef, type CallContext, type GovernanceRefusalEvent } from '@cs/contracts';
import { appendEvents, unwritten, type Eventing, type IdSource } from '@cs/eventing';
import type { Refusal, Result } from '@cs/kernel';
import { governanceRefusalAggregate } from './governance.aggregates.js';

export interface DenialOptions {
  readonly eventing: Eventing;
  readonly newId: IdSource;
}

type Denied = GovernanceRefusalEvent['data'];
/** What somebody wanted to do, and with what. */
export type Attempt = Pick<Denied, 'action' | 'resource_kind' | 'resource_id'>;

const recordDenial = async ({ eventing, newId }: DenialOptions, context: CallContext, { attempt, refusal }: { readonly attempt: Attempt; readonly refusal: Refusal }): Promise<void> => {
  const { tenant, actor, correlation_id } = context;
  const ref: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'governance_refusal', id: newId() };
  const event: GovernanceRefusalEvent = { event_type: 'governance_action_denied', data: { ...attempt, tenant_context: tenant, code: refusal.code, detail: refusal.message, actor } };
  await appendEvents({ eventing, aggregate: governanceRefusalAggregate }, unwritten(governanceRefusalAggregate, ref), {
    events: [event], context: { at_ms: eventing.clock(), actor, causation_id: correlation_id, correlation_id: attempt.resource_id },
  });
};

/** Refused for who asks, or for how much they asked for; not for what is wrong in the request. */
const isDenial = ({ code }: Refusal): boolean => isErrorCode(code) && (errorCatalogue[code].kind === 'forbidden' || errorCatalogue[code].kind === 'rate_limited');

/**
 * The answer, once a denial in it is in the protected audit: a caller that was told "no" can rely on that
 * the record of it is there. Throws when the log cannot take it.
 */
export const audited = async <Value>(options: DenialOptions, context: CallContext, { attempt, result }: { readonly attempt: Attempt; readonly result: Result<Value> }): Promise<Result<Value>> => {
  if (!result.ok && isDenial(result.refusal)) await recordDenial(options, context, { attempt, refusal: result.refusal });
  return result;
};
