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

/** Records who tried to decide what, and why not. */
export const recordRefusal = async ({ eventing, newId }: { eventing: Eventing; newId: IdSource }, context: CallContext, { run_id, decision, refusal }: RefusedDecision): Promise<void> => {
  const ref: AggregateRef = { org_id: context.tenant.org_id, workspace_id: context.tenant.workspace_id, aggregate: 'gate_refusal', id: newId() };
  const nodeId = refusal.details?.['nodeID'];
  const event: GateRefusalEvent = {
    event_type: 'gate_decision_refused',
    data: { run_id, code: refusal.code, detail: refusal.message, decision, actor: context.actor, ...(typeof nodeId === 'string' ? { node_id: nodeId } : {}) },
  };
  const at = { at_ms: eventing.clock(), actor: context.actor, causation_id: context.correlation_id, correlation_id: run_id };
  await appendEvents({ eventing, aggregate: gateRefusalAggregate }, unwritten(gateRefusalAggregate, ref), { events: [event], context: at });
};
