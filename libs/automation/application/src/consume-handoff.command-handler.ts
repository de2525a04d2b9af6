import { decideHandoff, type HandoffRefusal, type HandoffState } from '@cs/automation-domain';
import type { AggregateRef, HandoffArtifact, HandoffEvent } from '@cs/contracts';
import { executeCommand, type Eventing } from '@cs/eventing';
import { handoffAggregate } from './handoff.aggregate.js';

/**
 * Consumes an approved handoff for a run of its target. Answers the handoff when it is this run's, also
 * when the run has consumed it before; nothing when another has, or when it is not there to be had.
 */
export const consumeHandoff = async (eventing: Eventing, ref: AggregateRef, { run_id, automation_id }: { readonly run_id: string; readonly automation_id: string }): Promise<HandoffArtifact | undefined> => {
  const result = await executeCommand<HandoffState, HandoffEvent, HandoffRefusal>(ref, {
    eventing, aggregate: handoffAggregate, context: { causation_id: run_id, correlation_id: automation_id },
    decide: (state) => decideHandoff({ type: 'consume', run_id, automation_id }, state),
  });
  if (result.kind === 'contended') throw new Error(`handoff ${ref.id} is being written to`);
  const { state } = result.loaded;
  return state?.status === 'archived' && state.consumed_by_run_id === run_id ? state.handoff : undefined;
};
