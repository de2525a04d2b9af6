import { jest } from '@jest/globals';
import type { Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import type { CrashPoint } from '@cs/testing';
import { CrashWorld } from './crash-world.fixture.js';
import { automation, steps } from './in-memory-runner.fixture.js';

// Dozens of runs for each scenario: seconds on a busy machine.
jest.setTimeout(60_000);

const { transform, post } = steps;
const retried = { retry_policy: { max_attempts: 5, backoff: { strategy: 'fixed', initial_delay_ms: 500 } } };
const node = (base: Json, extra: object): Json => ({ ...(base as object), ...extra }) as Json;

const gate = (...depends_on: string[]): Json => ({ node_id: 'gate', objective: 'Pay?', depends_on, gate: { required: true } });
const child = (...depends_on: string[]): Json => ({ node_id: 'child', objective: 'ask', depends_on, action: { kind: 'automation', automation_id: 'child' } });
const timer = (...depends_on: string[]): Json => ({ node_id: 'cool_off', objective: 'wait', depends_on, wait: { kind: 'timer', delay_ms: 60_000 } });

const scenarios: Readonly<Record<string, readonly Json[]>> = {
  'a gate, a timer and a retry beside other steps': [
    transform('price', '42'),
    post('reserve', {}, ['price']),
    post('notify', {}, ['price']),
    node(post('flaky', {}, ['price']), retried),
    gate('reserve', 'notify'),
    timer('gate'),
    post('pay', {}, ['cool_off', 'flaky']),
    transform('sum', '{"paid": nodes.pay.output.body.path, "price": nodes.price.output}', ['pay']),
  ],
  // Each alone: the run rests on nothing else when the process ends.
  'a retry, a timer and a gate one after the other': [node(post('flaky'), retried), timer('flaky'), post('reserve', {}, ['cool_off']), gate('reserve'), post('pay', {}, ['gate'])],
  'a child run and a list beside one another, then a gate': [
    node(post('each'), { for_each: { items: [1, 2, 3], max_parallel: 2 } }),
    node(post('flaky_each'), { for_each: { items: [1, 2], max_parallel: 2 }, ...retried }),
    child(),
    gate('each', 'child'),
    post('pay', {}, ['gate', 'flaky_each']),
  ],
  'effects that a policy asks about: one, then a list': [
    node(post('flaky'), retried), timer('flaky'),
    node(post('pay', {}, ['cool_off']), { risk_tier: 'consequential_write', ...retried }),
    node(post('each', {}, ['pay']), { risk_tier: 'consequential_write', for_each: { items: [1, 2, 3], max_parallel: 2 } }),
    node(post('tell', {}, ['each']), { risk_tier: 'internal_write' }),
  ],
  'a child run alone, and an effect that may not be repeated': [child(), post('once', { idempotency: 'none' }, ['child']), gate('once'), timer('gate')],
};
const childFlow: readonly Json[] = [node(post('flaky_child'), retried), { node_id: 'nap', objective: 'wait', depends_on: ['flaky_child'], wait: { kind: 'timer', delay_ms: 1000 } }, post('child_work', {}, ['nap'])];

/** Outputs of what was done; those of waits tell times. */
const outputKinds: ReadonlySet<string> = new Set(['http', 'transform', 'automation', 'operator_reconciled']);

/** A child's outputs hold the times of its waits. */
const withoutTimes = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, member: unknown) => (key.endsWith('_at_ms') ? undefined : member)));

/** What must be the same whatever crashed: everything but times, claims and the number of attempts. */
const essence = (run: Run): unknown => ({
  status: run.status,
  completed: [...run.checkpoint.completed_nodes].sort(),
  pending: run.checkpoint.pending_nodes,
  waits: run.checkpoint.open_waits,
  generations: run.checkpoint.node_generations,
  decisions: run.checkpoint.gate_history.map(({ node_id, decision, gate_opening_id }) => ({ node_id, decision, gate_opening_id: gate_opening_id.replace(run.run_id, 'run') })),
  outputs: Object.fromEntries(Object.entries(run.checkpoint.node_outputs).filter(([, { contract_kind }]) => outputKinds.has(contract_kind)).map(([id, { content, status }]) => [id, { content: withoutTimes(content), status }])),
});

interface Played {
  readonly end: unknown;
  /** Times that each effect was done, by path and key. */
  readonly effects: readonly (readonly [string, number])[];
  readonly givenUp: readonly string[];
  readonly crashed: boolean;
  readonly writes: readonly string[];
}

const play = async (flow: readonly Json[], at?: CrashPoint): Promise<Played> => {
  const world = new CrashWorld(at);
  const { process } = world;
  await world.define(automation(childFlow, { automation_id: 'child' }));
  await world.define(automation(flow));
  const run_id = await world.request('a');
  for (let turn = 0; turn < 500; turn += 1) {
    if (await world.handle()) continue;
    const { status, checkpoint } = await world.load(run_id);
    if (status === 'awaiting_approval') await world.decide(run_id, 'approve');
    else if (status === 'blocked') await world.reconcile(run_id, checkpoint.blocked_nodes[0] ?? '');
    else if (!world.passTime()) break;
  }
  const effects = [...world.peer.ledger].map(([effect, times]) => [effect.replace(run_id, 'run'), times] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return { end: essence(await world.load(run_id)), effects, givenUp: world.broker.givenUp, crashed: process.isOver, writes: process.writes };
};

/** Every crash point of a scenario: each of its writes, just before and just after. */
const crashPoints = (writes: readonly string[]): readonly (CrashPoint & { readonly name: string })[] =>
  writes.flatMap((name, index) => (['before', 'after'] as const).map((when) => ({ write: index + 1, when, name })));

describe('a process that ends at any of its writes leaves a run that another brings to the same end, with no effect doubled', () => {
  it.each(Object.entries(scenarios))('%s', async (_name, flow) => {
    const whole = await play(flow);
    expect(whole).toMatchObject({ end: { status: 'completed', pending: [], waits: [] }, crashed: false, givenUp: [] });
    expect(whole.effects.length).toBeGreaterThan(2);
    expect(whole.effects.filter(([, times]) => times !== 1)).toEqual([]);
    // The scenario is only worth something when it gets everywhere.
    for (const part of ['run_created', 'approval_gate_opened', 'node_retry_backoff_scheduled', 'approval_gate_decided', 'wait_node_registered', 'stateful_wait_woken', 'run_completed', 'timer ', 'settle ']) {
      expect({ part, isWritten: whole.writes.some((name) => name.includes(part)) }).toEqual({ part, isWritten: true });
    }
    for (const at of crashPoints(whole.writes)) {
      const { end, effects, givenUp, crashed } = await play(flow, at);
      expect({ at, end, effects, givenUp, crashed }).toEqual({ at, end: whole.end, effects: whole.effects, givenUp: [], crashed: true });
    }
  });
});
