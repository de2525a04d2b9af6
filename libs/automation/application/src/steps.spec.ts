import type { Json } from '@cs/kernel';
import { longestStateInterval } from '@cs/eventing';
import { nodes } from './in-memory-application.fixture.js';
import { StepWorld } from './step-world.fixture.js';

const { http, transform, gate, timer } = nodes;
const withNode = (node: Json, extra: Record<string, Json>): Json => ({ ...(node as Record<string, Json>), ...extra });
const refused = { kind: 'failed', failure: { kind: 'unexpected_status', message: 'no' }, effect: 'answered', retryable: false } as const;

const ran = async (flow: readonly Json[], input: Json = {}, prepare: (world: StepWorld) => void = () => undefined) => {
  const world = new StepWorld();
  prepare(world);
  await world.define('main', flow);
  const id = await world.startOf('main', input);
  await world.drive();
  return { world, id, run: await world.app.run(id) };
};

describe('a condition', () => {
  it.each<[string, Json]>([['false', false], ['null', null], ['nothing', {}], ['0', 0], ['""', ''], ['[]', []]])('skips its node when it is %s, and what depends on it goes on', async (_name, go) => {
    const { run, world, id } = await ran([withNode(http('pay'), { when: 'input.go' }), transform('end', '{"paid": nodes.pay.output}', ['pay'])], typeof go === 'object' && go !== null && !Array.isArray(go) ? {} : { go });
    expect(run).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { pay: { status: 'skipped', content: null }, end: { content: { paid: null } } } } });
    expect(world.sent).toEqual([]);
    expect(world.events(id)).toContain('node_skipped_no_work');
  });

  it.each<[string, Json]>([['true', true], ['an object', {}], ['a list', [0]], ['text', 'no']])('lets its node execute when it is %s', async (_name, go) => {
    const { run } = await ran([withNode(http('pay'), { when: '{{ input.go }}' })], { go });
    expect(run.checkpoint.node_outputs['pay']?.status).toBe('completed');
  });

  it('keeps a gate from opening and a wait from beginning', async () => {
    const { run } = await ran([withNode(gate('sign'), { when: 'input.amount > 100' }), withNode(timer('wait'), { when: 'input.amount > 100' }), transform('end', '1', ['sign', 'wait'])], { amount: 5 });
    expect(run).toMatchObject({ status: 'completed', checkpoint: { gate_history: [], open_waits: [], node_outputs: { sign: { status: 'skipped' }, wait: { status: 'skipped' } } } });
  });

  it('opens the gate when it holds', async () => {
    const { run } = await ran([withNode(gate('sign'), { when: 'input.amount > 100' })], { amount: 500 });
    expect(run.status).toBe('awaiting_approval');
  });

  it.each(['http', 'gate', 'timer'] as const)('that cannot be evaluated fails its node with its path: %s', async (kind) => {
    const { run } = await ran([withNode(nodes[kind]('a'), { when: 'input.name > 1' })], { name: 'x' });
    expect(run).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'a', kind: 'expression_failed', path: 'when' } } });
  });
});

describe('named inputs', () => {
  it('are the outputs of earlier steps under names of one\'s own', async () => {
    const { run } = await ran([transform('order', '{"amount": 7}'), withNode(transform('double', 'inputs.o.amount * 2', ['order']), { input_refs: [{ from_step_id: 'order', alias: 'o' }] })]);
    expect(run.checkpoint.node_outputs['double']?.content).toBe(14);
  });
});

describe('a node for each item of a list', () => {
  const each = (node: Json, items: Json, extra: Record<string, Json> = {}): Json => withNode(node, { for_each: { items, ...extra } });

  it('yields the list of the outputs in the order of the items, however they end', async () => {
    const { run, world } = await ran([each(http('pay', { body: { id: '{{ item.id }}', at: '{{ index }}' } }), 'input.orders', { max_parallel: 3 }), transform('end', '$count(nodes.pay.output)', ['pay'])],
      { orders: [0, 1, 2, 3, 4].map((id) => ({ id })) }, (of) => {
        of.answer = async ({ body }) => {
          const { id } = body as { id: number };
          for (let turn = 0; turn < (5 - id) * 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          return { kind: 'succeeded', output: { done: id } };
        };
      });
    expect(run).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { pay: { content: [0, 1, 2, 3, 4].map((done) => ({ done })) }, end: { content: 5 } } } });
    expect(run.checkpoint.fan_outs).toEqual({});
    expect(run.checkpoint.node_attempts).toEqual({ pay: 1, end: 1 });
    expect(new Set(world.sent.map(({ idempotency }) => idempotency?.key))).toEqual(new Set([0, 1, 2, 3, 4].map((item) => `${run.run_id}:pay:0:${item}`)));
  });

  it('executes no more of them at a time than it says, nor than the run may', async () => {
    for (const [max_parallel, limit] of [[2, 2], [10, 3]] as const) {
      let now = 0;
      let most = 0;
      const world = new StepWorld();
      world.answer = async () => {
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
        return { kind: 'succeeded', output: null };
      };
      await world.define('main', [each(http('pay'), '[1..9]', { max_parallel })], { execution: { max_parallel_agents: 3 } });
      const id = await world.startOf('main');
      await world.drive();
      expect([(await world.app.run(id)).status, most, world.sent.length]).toEqual(['completed', limit, 9]);
    }
  });

  it('pins the list once, also when it is one value or none', async () => {
    const { run, world, id } = await ran([each(transform('a', 'item * 2'), 'input.one'), each(transform('b', 'item'), 'input.none'), each(transform('c', 'item'), ['{{ input.one }}', 'x'])], { one: 4 });
    expect(['a', 'b', 'c'].map((node_id) => run.checkpoint.node_outputs[node_id]?.content)).toEqual([[8], [], [4, 'x']]);
    expect(world.events(id).filter((type) => type === 'node_fan_out_started')).toHaveLength(3);
  });

  it('writes pure items in few commits', async () => {
    const { run, world, id } = await ran([each(transform('a', 'item * 2'), '[1..300]')]);
    expect(run.checkpoint.node_outputs['a']?.content).toHaveLength(300);
    expect(world.app.store.all().filter(({ ref }) => ref.id === id).length).toBeLessThan(8);
  });

  it.each<[string, Json, string]>([['is null', { list: null }, 'expected a list, got null'], ['has too many items', { list: Array(10_001).fill(0) as Json[] }, 'at most 10000']])('fails with its path when the list %s', async (_name, input, message) => {
    const { run } = await ran([each(http('pay'), 'input.list')], input);
    expect(run.checkpoint.last_failure).toMatchObject({ node_id: 'pay', path: 'for_each.items', message: expect.stringContaining(message) as unknown });
  });

  it('stops with the first item that fails, after those that are under way', async () => {
    const { run, world } = await ran([each(http('pay', { body: '{{ index }}' }), '[1..20]', { max_parallel: 4 })], {}, (of) => {
      of.answer = ({ body }) => (body === 5 ? refused : { kind: 'succeeded', output: null });
    });
    expect(run).toMatchObject({ status: 'failed', checkpoint: { node_outputs: { pay: { status: 'failed', summary: 'item 5 of 20: no' } }, fan_outs: { pay: { open_items: [], unsuccessful: { 5: { status: 'failed' } } } } } });
    expect(world.sent.length).toBeLessThan(13);
  });

  it('repeats an item with its own key after its own back-off, while others go on', async () => {
    let failures = 0;
    const { world, id } = await ran([withNode(each(http('pay', { body: '{{ index }}' }), '[1..4]', { max_parallel: 2 }), { retry_policy: { max_attempts: 2, backoff: { strategy: 'fixed', initial_delay_ms: 50 } } })], {}, (of) => {
      of.answer = ({ body }) => (body === 1 && (failures += 1) === 1 ? { ...refused, retryable: true, effect: 'unknown' } : { kind: 'succeeded', output: body ?? null });
    });
    expect((await world.app.run(id)).status).toBe('queued');
    await world.fireTimers(id);
    await world.drive();
    const run = await world.app.run(id);
    expect(run.checkpoint.node_outputs['pay']?.content).toEqual([0, 1, 2, 3]);
    expect(world.sent.map(({ idempotency }) => idempotency?.key.split(':').at(-1))).toEqual(['0', '1', '2', '3', '1']);
  });

  it('blocks its node when the effect of an item is not known and may not be repeated', async () => {
    const { run } = await ran([each(http('pay', { body: '{{ index }}', idempotency: 'none' }), '[1..4]', { max_parallel: 4 })], {}, (of) => {
      of.answer = ({ body }) => (body === 2 ? { ...refused, effect: 'unknown', retryable: true } : { kind: 'succeeded', output: body ?? null });
    });
    expect(run).toMatchObject({
      status: 'blocked',
      checkpoint: { blocked_nodes: ['pay'], node_outputs: { pay: { status: 'blocked' } }, fan_outs: { pay: { unsuccessful: { 2: { status: 'blocked', effect_id: `${run.run_id}:pay:0:2` } } } } },
    });
  });
});

describe('a long history', () => {
  const written = async (items: number) => {
    const world = new StepWorld();
    world.answer = ({ body }) => ({ kind: 'succeeded', output: { status: 200, body: body ?? null } });
    await world.define('main', [withNode(http('pay', { body: '{{ item }}' }), { for_each: { items: 'input.list' } })]);
    const id = await world.startOf('main', { list: Array.from({ length: items }, (_, index) => ({ id: `order-${index}` })) });
    await world.drive();
    const commits = world.app.store.all().filter(({ ref }) => ref.id === id);
    const { checkpoint, version } = await world.app.run(id);
    return { perItem: commits.reduce((sum, { size }) => sum + size, 0) / items, commits, checkpoint, version };
  };

  it('of 10,000 events costs as much for each item as a short one, and is loaded with few reads', async () => {
    const short = await written(500);
    const long = await written(5000);
    expect(long.version).toBeGreaterThan(10_000);
    expect(long.checkpoint.node_outputs['pay']?.content).toHaveLength(5000);
    expect(long.perItem).toBeLessThan(short.perItem * 1.3);
    // The longest way back to a commit with the state, from anywhere.
    let way = 0;
    for (const { commit } of long.commits) {
      way = commit.state === undefined ? way + 1 : 0;
      expect(way).toBeLessThan(longestStateInterval);
    }
  });
});
