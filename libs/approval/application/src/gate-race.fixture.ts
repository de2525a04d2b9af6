import { cancelRun, pauseRun, wakeWait } from '@cs/automation-application';
import type { AggregateRef, GateDecision, GateDecisionRecord, GateVote, RunEvent } from '@cs/contracts';
import type { EventStore, StoredCommit } from '@cs/eventing';
import type { Result } from '@cs/kernel';
import type { Decided } from './decide-gate.command-handler.js';
import { callBy, person, tenant, type WaitingRun } from './decide-gate.fixture.js';

/** A source of randomness that a seed repeats (mulberry32). */
export const seeded = (seed: number) => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    return ((mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return { below, pick: <Item>(items: readonly [Item, ...Item[]]): Item => items[below(items.length)] ?? items[0] };
};
export type Random = ReturnType<typeof seeded>;

/** Lets others go first, before every read and every write, as often as chance has it; time goes on meanwhile. */
export const interleave = (waiting: WaitingRun, { below }: Random): void => {
  const store: EventStore = waiting.store;
  const turns = async (): Promise<void> => {
    waiting.now += below(2);
    for (let left = below(12); left > 0; left -= 1) await Promise.resolve();
  };
  const { last, append } = store;
  // What was read once is not decoded again: it never changes.
  const known = new Map<string, Promise<StoredCommit | undefined>>();
  Object.assign(store, {
    last: async (ref: AggregateRef) => {
      await turns();
      const found = known.get(ref.id) ?? last.call(store, ref);
      known.set(ref.id, found);
      return await found;
    },
    append: async (...args: Parameters<typeof append>) => {
      await turns();
      const result = append.apply(store, args);
      known.delete(args[0].id);
      return await result;
    },
  });
};

/** What somebody said, and what they were told. */
export interface Told {
  readonly actor_id: string;
  readonly decision: GateDecision;
  /** What they repeat it under, if they do. */
  readonly key: string | undefined;
  readonly result: Result<Decided>;
}

const words = ['approve', 'approve', 'approve', 'rework', 'cancel'] as const;

/** Fifty say something: people, some twice under one key, some about an opening that is over, and an agent. */
const deciders = (waiting: WaitingRun, random: Random): readonly (() => Promise<Told>)[] =>
  Array.from({ length: 50 }, (_none, index) => async () => {
    const actor_id = `p${random.below(40)}`;
    const decision = random.pick(words);
    const actor = index === 0 ? ({ kind: 'agent', actor_id: 'agent', source: 'api_key' } as const) : person(actor_id);
    const key = index % 5 === 0 ? `key-${actor_id}-${decision}` : undefined;
    const stale = index % 7 === 0 ? { gate_opening_id: `automation_v2:${waiting.run_id}:sign:1` } : {};
    const result = await waiting.decide({ decision, ...stale, ...(key === undefined ? {} : { command_id: key }) }, callBy(actor));
    return { actor_id: index === 0 ? 'agent' : actor_id, decision, key, result };
  });

export interface Raced {
  readonly told: readonly Told[];
  readonly cancelled: Result<unknown> | undefined;
  readonly paused: Result<unknown> | undefined;
}

const quiet = { announce: () => undefined, listen: () => () => undefined };

/** A fired timer of the gate, delivered again while it is early. */
const timer = async ({ eventing, definitions, run_id }: WaitingRun): Promise<void> => {
  const options = { eventing, definitions, changes: quiet, timers: { schedule: () => Promise.resolve() } };
  for (let delivery = 0; delivery < 10; delivery += 1) {
    const outcome = await wakeWait(options, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id }, `automation_v2:${run_id}:sign:wait`);
    if (outcome.kind === 'done') return;
  }
};

/** Everyone at the same moment, which is the moment at which the gate may expire, too. */
export const race = async (waiting: WaitingRun, random: Random): Promise<Raced> => {
  const { eventing, definitions, run_id } = waiting;
  const operator = { eventing, definitions, changes: quiet, evaluator: { evaluate: () => Promise.resolve(undefined), check: () => undefined } };
  let cancelled: Raced['cancelled'];
  let paused: Raced['paused'];
  const told: Told[] = [];
  const others = [
    () => timer(waiting), () => timer(waiting),
    async () => void (paused = await pauseRun(operator, callBy(person('op')), { run_id })),
    ...(random.below(3) === 0 ? [async () => void (cancelled = await cancelRun(operator, callBy(person('op')), { run_id }))] : []),
  ];
  const all = [...deciders(waiting, random).map((decide) => async () => void told.push(await decide())), ...others];
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [all[index], all[other]] = [all[other] ?? (() => Promise.resolve()), all[index] ?? (() => Promise.resolve())];
  }
  await Promise.all(all.map((one) => one()));
  return { told, cancelled, paused };
};

/** What the log says of one opening of the gate. */
export interface Opening {
  readonly decided: readonly GateDecisionRecord[];
  readonly votes: readonly GateVote[];
}

export const runEvents = (commits: readonly StoredCommit[]): readonly RunEvent[] => commits.filter(({ ref }) => ref.aggregate === 'run').flatMap(({ commit }) => commit.events as unknown as readonly RunEvent[]);

export const openingIn = (events: readonly RunEvent[], id: string): Opening => ({
  decided: events.flatMap((event) => (event.event_type === 'approval_gate_decided' && event.data.gate_opening_id === id ? [event.data] : [])),
  votes: events.flatMap((event) => (event.event_type === 'approval_gate_vote_recorded' && event.data.gate_opening_id === id ? [event.data.vote] : [])),
});
