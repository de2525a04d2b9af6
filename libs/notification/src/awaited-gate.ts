import { gateVoteSchema, pendingGateSchema, type AggregateRef, type PendingGate } from '@cs/contracts';
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

const votedSchema = z.object({ gate_opening_id: z.string(), vote: gateVoteSchema });
type Voted = z.infer<typeof votedSchema>;

/** Votes of a commit that carries no state, the last one first. */
const votesIn = ({ commit }: StoredCommit): readonly Voted[] =>
  commit.events.filter(({ event_type }) => event_type === 'approval_gate_vote_recorded').map(({ data }) => votedSchema.parse(data)).toReversed();

const withVotes = (gate: PendingGate, voted: readonly Voted[]): PendingGate => {
  const later = voted.filter(({ gate_opening_id }) => gate_opening_id === gate.gate_opening_id).map(({ vote }) => vote).toReversed();
  return later.length === 0 ? gate : { ...gate, votes: [...(gate.votes ?? []), ...later] };
};

const hasState = ({ commit }: StoredCommit): boolean => waitingRunSchema.safeParse(commit.state?.value).data?.checkpoint.awaiting_gate !== undefined;

/**
 * The gate at which a run waits now; `undefined` when it waits at none. A run that rests carries its state, unless
 * that is large; then the opening and the votes after it are looked for in the commits before.
 */
export const awaitedGate = async (store: EventStore, { org_id, workspace_id, run_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'> & { readonly run_id: string }): Promise<PendingGate | undefined> => {
  const last = await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id });
  if (last?.status !== 'awaiting_approval') return undefined;
  let stored: StoredCommit | undefined = last;
  const voted: Voted[] = [];
  while (stored !== undefined) {
    if (!hasState(stored)) voted.push(...votesIn(stored));
    const gate = gateAfter(stored);
    if (gate !== undefined || stored.commit.previous === 0) return gate && withVotes(gate, voted);
    stored = await store.at(toPosition(stored.commit.previous));
  }
  return undefined;
};
