import type { CallContext, RpcMethod, RpcReply } from '@cs/contracts';
import { attribute, runAttribute, tenantAttributes, type OpenSpan, type SpanSpec } from '@cs/telemetry';
import { methodName, outcomeOf } from './rpc-outcome.js';

interface TracedCall extends Pick<SpanSpec, 'kind' | 'received'> {
  readonly context: CallContext;
  readonly payload: unknown;
}

/** The span of one side of a call: its method, whose it is and, where the payload names one, of which run. */
export const rpcSpan = (method: RpcMethod, { kind, received, context, payload }: TracedCall): SpanSpec => {
  const name = methodName(method);
  return {
    name, kind, ...(received === undefined ? {} : { received }),
    attributes: { 'rpc.system.name': 'nats', 'rpc.method': name, ...tenantAttributes(context.tenant), ...runAttribute(payload) },
  };
};

/** What the answer says: the run that it is about, or the code of a refusal. Only what the service could not do is a failure. */
export const markReply = (span: OpenSpan, reply: RpcReply<unknown>): void => {
  if (reply.ok) return span.set(runAttribute(reply.value));
  span.set({ [attribute.refusal]: reply.refusal.code });
  if (outcomeOf(reply) !== 'refused') span.fail(reply.refusal.code);
};
