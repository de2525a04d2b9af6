import { cancelRun, pauseRun, repairRun, wakeWait } from '@cs/automation-application';
import type { AggregateRef, GateDecision, GateDecisionRecord, GateVote, GovernanceActor, RunEvent } from '@cs/contracts';
import type { EventStore, StoredCommit } from '@cs/eventing';
import { definedMembers, type Result } from '@cs/kernel';
import type { Decided } from './decide-gate.command-handler.js';
import { callBy, person, tenant, type WaitingRun } from './decide-gate.fixture.js';
import { operationOf, registerOf, type GateOperation, type GateRegister, type Recorded } from './gate-register.fixture.js';
import { OperationLog, type Operation } from './linearizable.fixture.js';

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

/** A world with a log and a clock. */
interface Interleaved {
  readonly store: EventStore;
  now: number;
}

/** Lets others go first, before every read and every write, as often as chance has it; time goes on meanwhile. */
export const interleave = (waiting: Interleaved, { below }: Random): void => {
  const { store } = waiting;
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
  /** Whom they stand in for, if they say so. */
  readonly for_person: string | undefined;
  readonly result: Result<Decided>;
}

const words = ['approve', 'approve', 'approve', 'rework', 'cancel'] as const;

/** People who stand in for the first approvers while these race themselves. */
export const standIns = 4;

export const delegateAll = async (waiting: WaitingRun): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let index = 0; index < standIns; index += 1) {
    const set = await waiting.delegate({ stand_in: `s${index}`, until_ms: waiting.now + 3_600_000 }, callBy(person(`p${index}`)));
    if (set.ok) ids.push(set.value.delegation.delegation_id);
  }
  return ids;
};

interface Who {
  readonly actor: GovernanceActor;
  readonly for_person?: string;
}

/** People, people in a chat, stand-ins who say for whom or leave it open, and an agent. */
const whoIs = (index: number, random: Random): Who => {
  if (index === 0) return { actor: { kind: 'agent', actor_id: 'agent', source: 'api_key' } };
  if (index % 8 === 5) return { actor: person(`c${random.below(3)}`, 'slack') };
  if (index % 8 !== 3) return { actor: person(`p${random.below(40)}`) };
  const number = random.below(standIns);
  return { actor: person(`s${number}`), ...(random.below(2) === 0 ? {} : { for_person: `p${number}` }) };
};

type Operations = OperationLog<GateOperation>;

/** Fifty say something, some twice under one key, some about an opening that is over. */
const deciders = (waiting: WaitingRun, random: Random, operations: Operations): readonly (() => Promise<Told>)[] =>
  Array.from({ length: 50 }, (_none, index) => async () => {
    const { actor, for_person } = whoIs(index, random);
    const { actor_id = '' } = actor;
    const decision = random.pick(words);
    const key = index % 5 === 0 ? `key-${actor_id}-${decision}` : undefined;
    const named = index % 7 === 0 ? `automation_v2:${waiting.run_id}:sign:1` : undefined;
    const request = { decision, ...definedMembers({ on_behalf_of: for_person, gate_opening_id: named, command_id: key }) };
    const result = await operations.record(() => waiting.decide(request, callBy(actor)), (answer) => operationOf({ actor_id, decision, named }, answer));
    return { actor_id, decision, key, for_person, result };
  });

export interface Raced {
  readonly told: readonly Told[];
  readonly cancelled: Result<unknown> | undefined;
  readonly paused: Result<unknown> | undefined;
  readonly repaired: Result<unknown> | undefined;
  readonly before: GateRegister;
  readonly operations: readonly Operation<GateOperation>[];
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

const stopped = (answer: Result<{ readonly run: Recorded }>): GateOperation | undefined => (answer.ok ? { kind: 'stopped', after: registerOf(answer.value.run) } : undefined);

/** Everyone at the same moment, which is the moment at which the gate may expire, too. */
export const race = async (waiting: WaitingRun, random: Random, delegations: readonly string[] = []): Promise<Raced> => {
  const { eventing, definitions, run_id } = waiting;
  const operator = { eventing, definitions, changes: quiet, evaluator: { evaluate: () => Promise.resolve(undefined), check: () => undefined } };
  const operations: Operations = new OperationLog();
  const before = registerOf(await waiting.load());
  let [cancelled, paused, repaired]: Raced['cancelled'][] = [];
  const told: Told[] = [];
  const op = callBy(person('op'));
  const [delegation] = delegations;
  const read = async () => void (await operations.record(() => waiting.load(), (run) => ({ kind: 'read', value: registerOf(run) })));
  const time = async () => await operations.record(() => timer(waiting), () => ({ kind: 'timer' }));
  const others = [
    time, time, read, read, read, read,
    ...(random.below(3) > 0 ? [async () => void (paused = await operations.record(() => pauseRun(operator, op, { run_id }), stopped))] : []),
    ...(random.below(3) === 0 ? [async () => void (cancelled = await operations.record(() => cancelRun(operator, op, { run_id }), stopped))] : []),
    ...(random.below(3) === 0 ? [async () => void (repaired = await operations.record(() => repairRun(operator, op, { run_id, node_id: 'look_up' }), stopped))] : []),
    ...(delegation === undefined ? [] : [async () => void (await waiting.end(delegation, callBy(person('p0'))))]),
  ];
  const all = [...deciders(waiting, random, operations).map((decide) => async () => void told.push(await decide())), ...others];
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [all[index], all[other]] = [all[other] ?? (() => Promise.resolve()), all[index] ?? (() => Promise.resolve())];
  }
  await Promise.all(all.map((one) => one()));
  return { told, cancelled, paused, repaired, before, operations: operations.operations };
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
