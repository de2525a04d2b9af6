import { pendingGateSchema, type AggregateRef, type PendingGate } from '@cs/contracts';
import type { EventStore, StoredCommit } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import { z } from 'zod';

const waitingRunSchema = z.object({ checkpoint: z.object({ awaiting_gate: pendingGateSchema.optional() }) });
const openedSchema = z.object({ gate: pendingGateSchema });

/** The gate of a run after a commit, as far as the commit says so. */
const gateAfter = ({ commit }: StoredCommit): PendingGate | undefined => {
  const state = waitingRunSchema.safeParse(commit.state?.value).data;
  return state?.checkpoint.awaiting_gate ?? openedSchema.safeParse(commit.events.findLast(({ event_type }) => event_type === 'approval_gate_opened')?.data).data?.gate;
};

/**
 * The gate at which a run waits now; `undefined` when it waits at none. A run that rests carries its state, unless
 * that is large; then the opening is looked for in the commits before.
 */
export const awaitedGate = async (store: EventStore, { org_id, workspace_id, run_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'> & { readonly run_id: string }): Promise<PendingGate | undefined> => {
  const last = await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id });
  if (last?.status !== 'awaiting_approval') return undefined;
  let stored: StoredCommit | undefined = last;
  while (stored !== undefined) {
    const gate = gateAfter(stored);
    if (gate !== undefined || stored.commit.previous === 0) return gate;
    stored = await store.at(toPosition(stored.commit.previous));
  }
  return undefined;
};
