import type { AggregateRef } from '@cs/contracts';
import { askRemaining } from './gate-destinations.js';
import { openGateOf, questionOf } from './open-gate-question.js';
import type { OpenGate } from './open-gates.port.js';
import type { RequestDeliveriesOptions, Requested } from './request-delivery.js';

/**
 * Asks about a gate that still waits where it was not asked and would be now: at a channel that came later, was switched off, or has other
 * routes, and where a process died before it could ask. Once for each installation, however often it is looked at.
 */
export const askOpenGate = async (options: RequestDeliveriesOptions, { org_id, workspace_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'>, { run_id, gate_opening_id }: OpenGate): Promise<Requested> => {
  const about = { org_id, workspace_id, run_id };
  const open = await openGateOf(options.eventing.store, about, gate_opening_id);
  if (open === undefined) return 'requested';
  const { gate, last: { commit, position } } = open;
  const facts = { ...about, event_id: commit.events[0]?.event_id ?? commit.commit_id, position, occurred_at_ms: gate.requested_at_ms };
  return await askRemaining(options, facts, { question: await questionOf(options, facts, gate), facts: gate });
};
