import type { AggregateRef, CallContext, GateRefusalEvent } from '@cs/contracts';
import { appendEvents, unwritten, type Aggregate, type Eventing, type IdSource } from '@cs/eventing';
import type { Refusal } from '@cs/kernel';

/** Each refusal is an aggregate of its own with one event: a flood of them meets nobody. */
const gateRefusalAggregate: Aggregate<boolean, GateRefusalEvent> = {
  name: 'gate_refusal',
  initialState: false,
  evolve: () => true,
  status: () => 'refused',
  isAtRest: () => false,
  stateVersion: 1,
  writeState: (recorded) => recorded,
  readState: () => true,
};

export interface RefusedDecision {
  readonly run_id: string;
  readonly decision: string;
  readonly refusal: Refusal;
}

/** A question that was not answered, or an escalation that was not responded to. */
export interface RefusedResponse {
  readonly run_id: string;
  readonly request_id: string;
  readonly response: 'answer' | 'accept' | 'decline';
  readonly refusal: Refusal;
}

interface Recording {
  readonly eventing: Eventing;
  readonly newId: IdSource;
}

const record = async ({ eventing, newId }: Recording, context: CallContext, { event, correlation_id }: { event: GateRefusalEvent; correlation_id?: string }): Promise<void> => {
  const ref: AggregateRef = { org_id: context.tenant.org_id, workspace_id: context.tenant.workspace_id, aggregate: 'gate_refusal', id: newId() };
  const at = { at_ms: eventing.clock(), actor: context.actor, causation_id: context.correlation_id, ...(correlation_id === undefined ? {} : { correlation_id }) };
  await appendEvents({ eventing, aggregate: gateRefusalAggregate }, unwritten(gateRefusalAggregate, ref), { events: [event], context: at });
};

/** Records who tried to decide what, and why not. */
export const recordRefusal = async (recording: Recording, context: CallContext, { run_id, decision, refusal }: RefusedDecision): Promise<void> => {
  const nodeId = refusal.details?.['nodeID'];
  const data = { run_id, code: refusal.code, detail: refusal.message, decision, actor: context.actor, ...(typeof nodeId === 'string' ? { node_id: nodeId } : {}) };
  await record(recording, context, { event: { event_type: 'gate_decision_refused', data }, correlation_id: run_id });
};

export interface RefusedDelegation {
  readonly request: 'set' | 'end';
  readonly refusal: Refusal;
  readonly about: { readonly delegator?: string; readonly stand_in?: string; readonly delegation_id?: string };
}

/** Records who tried to say who stands in for whom, and why not. */
export const recordRefusedDelegation = async (recording: Recording, context: CallContext, { request, refusal, about }: RefusedDelegation): Promise<void> =>
  await record(recording, context, {
    event: { event_type: 'delegation_refused', data: { tenant_context: context.tenant, code: refusal.code, detail: refusal.message, request, ...about, actor: context.actor } },
  });

/** Records who tried to respond to what, and why not. Of the response itself, nothing is kept. */
export const recordResponseRefusal = async (recording: Recording, context: CallContext, { run_id, request_id, response, refusal }: RefusedResponse): Promise<void> => {
  const data = { run_id, request_id, response, code: refusal.code, detail: detailOf(refusal), actor: context.actor };
  await record(recording, context, { event: { event_type: 'human_response_refused', data }, correlation_id: run_id });
};

/** What a schema says of a value may repeat names in it; the code and the place say enough. */
const detailOf = ({ code, message }: Refusal): string => (code === 'AUTOMATION_V2_ANSWER_INVALID' ? 'the answer does not fit the schema of the question' : message);
