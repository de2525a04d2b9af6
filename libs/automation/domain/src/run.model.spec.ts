import { jest } from '@jest/globals';
import fc from 'fast-check';
import { holdReasonSchema } from '@cs/contracts';
import type { GovernanceActor, HoldReason } from '@cs/contracts';
import { definitionArbitrary } from './flow-graph.fixture.js';
import type { NodeResult } from './run.commands.js';
import { evolveRun, type RecordedRunEvent } from './run-evolution.js';
import { failed, succeeded } from './run-history.fixture.js';
import { planRun } from './run-plan.js';
import { holdOf, isFinished, isHeld, type RunState } from './run.state.js';
import { holds } from './run-invariants.fixture.js';
import { byDueTime, dueAtMs } from './wait-due.js';
import { RunWorld } from './run-world.fixture.js';

/** Runs per property. A failure prints its seed; FC_SEED repeats it, FC_RUNS looks longer. */
const bounds = { numRuns: Number(process.env['FC_RUNS'] ?? 250), ...(process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) }) };

// Hundreds of runs: seconds on a busy machine.
jest.setTimeout(60_000);

type Step = (world: RunWorld) => void;
/** Something that may happen at any time; what does not fit is refused, and that is part of what is tested. */
class Happening implements fc.Command<object, RunWorld> {
  readonly #name: string;
  readonly #step: Step;
  constructor(name: string, step: Step) {
    this.#name = name;
    this.#step = step;
  }
  check(): boolean {
    return true;
  }
  run(_model: object, world: RunWorld): void {
    this.#step(world);
  }
  toString(): string {
    return this.#name;
  }
}
const happening = <Value>(name: string, value: fc.Arbitrary<Value>, step: (world: RunWorld, value: Value) => void): fc.Arbitrary<Happening> =>
  value.map((chosen) => new Happening(`${name}(${JSON.stringify(chosen)})`, (world) => step(world, chosen)));

const pick = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % Math.max(items.length, 1)];
const nodeAt = (world: RunWorld, index: number): string => pick(world.definition.flow.nodes, index)?.node_id ?? '';

const results = fc.oneof(
  { weight: 3, arbitrary: fc.constant<NodeResult>(succeeded) },
  { weight: 2, arbitrary: fc.record({ effect: fc.constantFrom('not_sent', 'answered', 'unknown'), retryable: fc.boolean() }).map((change): NodeResult => failed(change)) },
);
const people = fc.constantFrom<GovernanceActor>({ kind: 'human', actor_id: 'ada' }, { kind: 'human', actor_id: 'bob' }, { kind: 'human', actor_id: 'cyd' });
const decisions = fc.record({
  decision: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('approve', 'rework', 'request_changes') }, { weight: 1, arbitrary: fc.constantFrom('cancel', 'nonsense') }),
  decided_by: people, key: fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined }), opening: fc.option(fc.nat(9), { nil: undefined }),
});

/** What a runner would do next; the dice say how an attempt ends. */
const proceed = (world: RunWorld, result: NodeResult): void => {
  const { run, definition } = world;
  if (run.status === 'queued' && run.scheduler === undefined) return void world.claim(world.messages.at(-1));
  if (run.status !== 'running') return;
  const plan = planRun(run, definition);
  const [interrupted] = plan.interrupted;
  if (interrupted !== undefined) return void world.apply({ type: 'recover_node', ...interrupted });
  for (const { node_id } of plan.waits) world.apply({ type: 'open_waits', node_id, waits: [{ wait_kind: 'timer', wake_at_ms: world.atMs + 20 }] });
  const [ready] = plan.ready;
  if (ready !== undefined) return void world.start(ready.node_id);
  const [current] = Object.entries(run.checkpoint.in_progress);
  if (current !== undefined) return void world.finish(current[0], current[1].attempt, result);
  const [gate] = plan.gates;
  if (gate === undefined || !world.apply({ type: 'open_gate', node_id: gate.node_id, title: 'Sign?' })) world.apply({ type: 'settle' });
};

const release = (world: RunWorld): void => {
  const hold = holdOf(world.run);
  if (hold === undefined) return;
  holds(world.apply({ type: 'release_launch', queue_reason: holdReasonSchema.parse(hold.queue_reason) }), 'a held run is released', () => hold);
};

const wakeEarliest = (world: RunWorld): void => {
  const [wait] = [...world.run.checkpoint.open_waits].sort(byDueTime);
  if (wait === undefined) return;
  world.atMs = Math.max(world.atMs, dueAtMs(wait) ?? 0);
  holds(world.apply({ type: 'wake_wait', wait_id: wait.wait_id }), 'a wait that is due ends', () => wait);
};

const happenings: fc.Arbitrary<fc.Command<object, RunWorld>>[] = [
  ...[1, 2, 3, 4].map(() => happening('proceed', results, proceed)),
  happening('claim with an old or new message', fc.nat(9), (world, index) => void world.claim(pick(world.messages, index))),
  happening('take over', fc.constant(0), (world) => void world.claim(world.messages.at(-1))),
  happening('start any node', fc.nat(9), (world, node) => void world.start(nodeAt(world, node))),
  happening('finish any attempt', fc.record({ node: fc.nat(9), behind: fc.constantFrom(0, 0, 0, 1), result: results }), (world, { node, behind, result }) => {
    const node_id = nodeAt(world, node);
    world.finish(node_id, (world.run.checkpoint.in_progress[node_id]?.attempt ?? 1) - behind, result);
  }),
  happening('recover any node', fc.nat(9), (world, node) => void world.apply({ type: 'recover_node', node_id: nodeAt(world, node) })),
  happening('open the wait of any node', fc.nat(9), (world, node) => void world.apply({ type: 'open_waits', node_id: nodeAt(world, node), waits: [{ wait_kind: 'timer', wake_at_ms: world.atMs + 20 }] })),
  happening('open any gate', fc.nat(9), (world, node) => void world.apply({ type: 'open_gate', node_id: nodeAt(world, node), title: 'Sign?' })),
  happening('settle', fc.constant(0), (world) => void world.apply({ type: 'settle' })),
  happening('wake any wait that ever was', fc.record({ wait: fc.nat(19), passed: fc.constantFrom(0, 100) }), (world, { wait, passed }) => {
    world.atMs += passed;
    world.apply({ type: 'wake_wait', wait_id: pick(world.waitIds, wait) ?? 'none' });
  }),
  happening('hold', fc.constantFrom<HoldReason>('capacity', 'workspace_lock', 'rate_limit', 'automation_paused'), (world, queue_reason) => void world.apply({ type: 'hold_launch', queue_reason })),
  happening('release what is held', fc.constant(0), release),
  happening('wake everything that is due', fc.constant(0), (world) => {
    world.atMs += 100;
    for (const { wait_id } of world.run.checkpoint.open_waits) world.apply({ type: 'wake_wait', wait_id });
  }),
  ...[1, 2].map(() =>
    happening('decide', decisions, (world, { decision, decided_by, key, opening }) => {
      const gate_opening_id = opening === undefined ? undefined : pick(world.openings, opening);
      world.apply({ type: 'decide_gate', decision, decided_by, ...(key === undefined ? {} : { command_id: key }), ...(gate_opening_id === undefined ? {} : { gate_opening_id }) });
    }),
  ),
];

interface Verdicts {
  readonly reworks: number;
  readonly verdict: 'approve' | 'cancel';
}
const verdicts: fc.Arbitrary<Verdicts> = fc.record({ reworks: fc.nat(2), verdict: fc.constantFrom('approve', 'approve', 'cancel') });

/** Everybody does what they should: runners, timers, and people who decide in the end. */
const drive = (world: RunWorld, { reworks, verdict }: Verdicts): void => {
  let left = reworks;
  for (let turn = 0; turn < 500 && !isFinished(world.run.status); turn += 1) {
    const before = world.run.version;
    const { run } = world;
    if (run.status === 'awaiting_approval') {
      world.apply({ type: 'decide_gate', decision: left > 0 ? 'rework' : verdict, decided_by: { kind: 'human', actor_id: 'dan' } });
      left -= 1;
    } else if (isHeld(run)) release(world);
    else if (run.status === 'paused' || (run.status === 'queued' && run.scheduler !== undefined)) wakeEarliest(world);
    else proceed(world, succeeded);
    if (world.run.version === before) throw new Error(`nothing can happen to a run that is ${world.run.status}`);
  }
};

const fold = (events: readonly RecordedRunEvent[]): RunState => events.reduce<RunState>((state, event) => evolveRun(state, event), undefined);

/** The world after anything happened, in any order. */
const play = (property: (world: RunWorld, people: Verdicts) => void) =>
  fc.property(definitionArbitrary(), fc.commands(happenings, { maxCommands: 60 }), verdicts, (definition, commands, decided) => {
    const world = new RunWorld(definition);
    fc.modelRun(() => ({ model: {}, real: world }), commands);
    property(world, decided);
  });

describe('a run, whatever runners, timers and people do to it', () => {
  it('keeps every invariant, and comes to its end when it is driven fairly', () => {
    const unseen = new Set(['blocked', 'cancelled', 'completed', 'failed']);
    const property = play((world, decided) => {
      drive(world, decided);
      expect(isFinished(world.run.status)).toBe(true);
      unseen.delete(world.run.status);
    });
    // The property says little when it does not get everywhere; some ends are rare.
    for (let round = 0; round === 0 || (unseen.size > 0 && round < 10); round += 1) fc.assert(property, bounds);
    expect([...unseen]).toEqual([]);
  });

  it('is the same however often it is folded, from events as they are and as the log returns them', () => {
    fc.assert(
      play(({ run, events }) => {
        const read = JSON.parse(JSON.stringify(events)) as RecordedRunEvent[];
        expect(fold(events)).toEqual(run);
        expect(fold(read)).toEqual(run);
      }),
      { ...bounds, numRuns: Math.ceil(bounds.numRuns / 3) },
    );
  });
});
