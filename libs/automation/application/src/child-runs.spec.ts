import type { Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { nodes } from './in-memory-application.fixture.js';
import { Crash, StepWorld } from './step-world.fixture.js';

const { http, transform, gate } = nodes;
const timer = (node_id: string): Json => ({ node_id, objective: node_id, wait: { kind: 'timer', delay_ms: 500 } });
const call = (node_id: string, action: Record<string, Json>, extra: Record<string, Json> = {}): Json => ({ node_id, objective: node_id, action: { kind: 'automation', ...action }, ...extra });
const refused = { kind: 'failed', failure: { kind: 'unexpected_status', message: 'no' }, effect: 'answered', retryable: false } as const;

const parentAndChild = async (child: readonly Json[], { node = {}, extra = {} }: { node?: Record<string, Json>; extra?: Record<string, Json> } = {}) => {
  const world = new StepWorld();
  await world.define('child', child, extra);
  await world.define('parent', [call('call', { automation_id: 'child', input: { n: '{{ input.n }}' } }, node), transform('end', 'nodes.call.output', ['call'])]);
  const id = await world.startOf('parent', { n: 7 });
  return { world, id, parent: () => world.app.run(id), children: () => world.childrenOf(id) };
};
const only = (runs: readonly Run[]): Run => {
  const [run] = runs;
  if (run === undefined || runs.length > 1) throw new Error(`${runs.length} runs`);
  return run;
};

describe('a run that waits for another', () => {
  it('goes on with the outputs of the child, which knows its parent', async () => {
    const { world, id, parent, children } = await parentAndChild([transform('double', 'input.n * 2')]);
    await world.drive();
    const child = only(await children());
    expect(child).toMatchObject({ status: 'completed', trigger_type: 'automation', input: { n: 7 }, requested_by: { actor_id: 'ada' }, parent: { run_id: id, node_id: 'call', root_run_id: id, depth: 1 } });
    expect(await parent()).toMatchObject({ status: 'completed', checkpoint: { open_waits: [], node_outputs: { call: { contract_kind: 'automation', content: { run_id: child.run_id, status: 'completed', outputs: { double: 14 } } } } } });
  });

  it('is parked meanwhile and keeps waiting for a child that stops at a gate or is blocked', async () => {
    const { world, id, parent, children } = await parentAndChild([gate('sign'), http('pay', { idempotency: 'none' }, ['sign'])]);
    world.answer = () => ({ ...refused, effect: 'unknown' });
    await world.drive();
    const { run_id } = only(await children());
    expect([(await parent()).status, (await world.app.run(run_id)).status]).toEqual(['paused', 'awaiting_approval']);
    await world.decide(run_id, 'approve');
    await world.drive();
    expect([(await parent()).status, (await world.app.run(run_id)).status]).toEqual(['paused', 'blocked']);
    await world.cancel(id);
    await world.drive();
    expect((await world.app.run(run_id)).status).toBe('cancelled');
  });

  it('fails with the child, once its attempts are used up: each is a new child', async () => {
    const { world, id, parent, children } = await parentAndChild([http('pay')], { node: { retry_policy: { max_attempts: 2, retryable_failure_classes: ['child_run_failed'], backoff: { strategy: 'fixed', initial_delay_ms: 10 } } } });
    world.answer = () => refused;
    await world.drive();
    expect([(await children()).length, (await parent()).status]).toEqual([1, 'queued']);
    await world.fireTimers(id);
    await world.drive();
    expect(new Set((await children()).map(({ run_id }) => run_id)).size).toBe(2);
    expect(await parent()).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'call', kind: 'child_run_failed' } } });
  });

  it('is not repeated where no policy asks for it: a new child would do its effects again', async () => {
    const { world, parent, children } = await parentAndChild([http('pay')]);
    world.answer = () => refused;
    await world.drive();
    expect([(await children()).length, (await parent()).status]).toEqual([1, 'failed']);
  });

  it('fails when the child was cancelled by others', async () => {
    const { world, parent, children } = await parentAndChild([gate('sign')]);
    await world.drive();
    await world.cancel(only(await children()).run_id);
    await world.drive();
    expect(await parent()).toMatchObject({ status: 'failed', checkpoint: { last_failure: { kind: 'child_run_cancelled' } } });
  });

  it('cancels a child that takes longer than its node allows, and fails', async () => {
    const { world, id, parent, children } = await parentAndChild([gate('sign')], { node: { timeout_ms: 1000 } });
    await world.drive();
    expect([(await parent()).status, only(await children()).status]).toEqual(['paused', 'awaiting_approval']);
    await world.fireTimers(id);
    await world.drive();
    expect(await parent()).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'call', kind: 'child_run_timed_out' }, abandoned_children: [] } });
    expect(only(await children())).toMatchObject({ status: 'cancelled', stop_reason: expect.stringContaining(`its parent run ${id}`) });
  });

  it('asks for another child after one that took too long, where its policy says so', async () => {
    const { world, id, parent, children } = await parentAndChild([gate('sign')], { node: { timeout_ms: 1000, retry_policy: { max_attempts: 2, backoff: { strategy: 'fixed', initial_delay_ms: 10 } } } });
    await world.drive();
    await world.fireTimers(id);
    await world.drive();
    await world.fireTimers(id);
    await world.drive();
    expect((await children()).map(({ status }) => status)).toEqual(['cancelled', 'awaiting_approval']);
    await world.decide((await children())[1]?.run_id ?? '', 'approve');
    await world.drive();
    expect((await parent()).status).toBe('completed');
  });

  it('cancels an overdue child also when the parent was executing at that time and then rests at a gate', async () => {
    const world = new StepWorld();
    await world.define('child', [gate('sign')]);
    await world.define('parent', [call('call', { automation_id: 'child' }, { timeout_ms: 1000 }), timer('nap'), http('slow', {}, ['nap']), gate('stop', ['slow'])]);
    const id = await world.startOf('parent');
    await world.drive();
    const overdue = [...world.timers].find(([waitId]) => waitId.includes(':child:'));
    world.timers.delete(overdue?.[0] ?? '');
    await world.fireTimers(id);
    world.answer = async () => {
      world.timers.set(...(overdue ?? ['', 0]));
      await world.fireTimers(id);
      return { kind: 'succeeded', output: null };
    };
    await world.drive();
    expect((await world.childrenOf(id)).map(({ status }) => status)).toEqual(['cancelled']);
    expect(await world.app.run(id)).toMatchObject({ status: 'awaiting_approval', checkpoint: { node_outputs: { call: { status: 'failed' } } } });
  });

  it.each<[string, Record<string, Json>, Record<string, Json>, string, string]>([
    ['the input does not fit', { automation_id: 'child', input: { n: 'x' } }, { input_schema: { type: 'object', properties: { n: { type: 'number' } } } }, 'child_run_input_invalid', 'action.input.n'],
    ['there is no such automation', { automation_id: 'nobody' }, {}, 'child_run_automation_not_found', 'action.automation_id'],
    ['there is no such version', { automation_id: 'child', version: 'v9' }, {}, 'child_run_version_not_found', 'action.version'],
    ['the automation is paused', { automation_id: 'child' }, { status: 'paused' }, 'child_run_automation_not_runnable', 'action.automation_id'],
    ['an expression of the input fails', { automation_id: 'child', input: '{{ input.nothing }}' }, {}, 'expression_failed', 'action.input'],
  ])('fails with its path when %s', async (...[, action, extra, kind, path]) => {
    const world = new StepWorld();
    await world.define('child', [transform('a', '1')], extra);
    await world.define('parent', [call('call', action)]);
    const id = await world.startOf('parent');
    await world.drive();
    expect(await world.app.run(id)).toMatchObject({ status: 'failed', checkpoint: { last_failure: { kind, path } } });
    expect(await world.childrenOf(id)).toEqual([]);
  });

  it('that asks for itself ends at the limit of depth', async () => {
    const world = new StepWorld();
    await world.define('loop', [call('again', { automation_id: 'loop' })]);
    const id = await world.startOf('loop');
    await world.drive();
    expect((await world.runs()).length).toBe(17);
    expect((await world.runs()).every(({ status, parent }) => status === 'failed' && (parent?.root_run_id ?? id) === id)).toBe(true);
  });

  it('cancels its children with itself, and theirs', async () => {
    const world = new StepWorld();
    await world.define('leaf', [gate('sign')]);
    await world.define('middle', [call('call', { automation_id: 'leaf' })]);
    await world.define('top', [call('call', { automation_id: 'middle' }, { for_each: { items: [1, 2, 3], max_parallel: 2 } })]);
    const id = await world.startOf('top');
    await world.drive();
    expect((await world.runs()).length).toBe(5);
    await world.cancel(id);
    await world.drive();
    expect((await world.runs()).map(({ status }) => status)).toEqual(Array(5).fill('cancelled'));
  });

  it('cancels a child whose node was sent back, and asks for a new one', async () => {
    const world = new StepWorld();
    await world.define('child', [gate('sign')]);
    await world.define('parent', [call('call', { automation_id: 'child' }), gate('stop', [], { gate: { required: true, rework_targets: ['call'] } })]);
    const id = await world.startOf('parent');
    await world.drive();
    expect((await world.app.run(id)).status).toBe('awaiting_approval');
    await world.decide(id, 'rework');
    await world.drive();
    expect((await world.childrenOf(id)).map(({ status }) => status)).toEqual(['cancelled', 'awaiting_approval']);
    expect((await world.app.run(id)).checkpoint.abandoned_children).toEqual([]);
  });

  it('has a child for each item, and their outputs in order', async () => {
    const world = new StepWorld();
    await world.define('child', [transform('double', 'input * 2')]);
    await world.define('parent', [call('call', { automation_id: 'child', input: '{{ item }}' }, { for_each: { items: [1, 2, 3, 4, 5], max_parallel: 2 } }), transform('end', 'nodes.call.output.outputs.double', ['call'])]);
    const id = await world.startOf('parent');
    await world.drive();
    expect((await world.app.run(id)).checkpoint.node_outputs['end']?.content).toEqual([2, 4, 6, 8, 10]);
  });
});

describe('a process that ends at any of its writes', () => {
  const scenario = async (crash?: { at: number; after: boolean }) => {
    const world = new StepWorld();
    await world.define('child', [http('book', { body: '{{ input.n }}' }), transform('out', 'nodes.book.output', ['book'])]);
    await world.define('parent', [
      gate('sign'),
      { ...(http('pay', { body: '{{ item }}' }, ['sign']) as Record<string, Json>), for_each: { items: [1, 2, 3], max_parallel: 2 } },
      call('call', { automation_id: 'child', input: { n: '{{ item }}' } }, { depends_on: ['pay'], for_each: { items: ['a', 'b'], max_parallel: 2 } }),
      // Beside the children: the run is executing when their waits are written.
      http('ship', {}, ['pay']),
    ]);
    world.answer = ({ body }) => ({ kind: 'succeeded', output: body ?? null });
    const id = await world.startOf('parent');
    world.writes = 0;
    world.crash = crash;
    await world.drive();
    await world.decide(id, 'approve').catch(() => undefined);
    if ((await world.app.run(id)).status === 'awaiting_approval') await world.decide(id, 'approve');
    await world.drive();
    const run = await world.app.run(id);
    return { writes: world.writes, run, children: await world.childrenOf(id), keys: new Set(world.sent.map(({ idempotency }) => idempotency?.key)) };
  };

  it('leaves a run with a gate, a list and children to another that brings it to the same end, each effect under one key', async () => {
    const calm = await scenario();
    expect([calm.run.status, calm.children.length, calm.keys.size]).toEqual(['completed', 2, 6]);
    const contents = (run: Run): Json => Object.entries(run.checkpoint.node_outputs).filter(([id]) => id === 'pay').map(([, { content }]) => content);
    for (let at = 1; at <= calm.writes; at += 1) {
      for (const after of [false, true]) {
        const seen = await scenario({ at, after });
        expect([at, after, seen.run.status, seen.children.map(({ status }) => status), seen.keys.size]).toEqual([at, after, 'completed', ['completed', 'completed'], 6]);
        expect(contents(seen.run)).toEqual([[1, 2, 3]]);
        const outputs = seen.run.checkpoint.node_outputs['call']?.content as unknown as readonly { outputs: { out: string } }[];
        expect(outputs.map(({ outputs: { out } }) => out)).toEqual(['a', 'b']);
      }
    }
  });

  it('cancels an overdue child and ends in the same way, wherever the process ended', async () => {
    const overdue = async (crash?: { at: number; after: boolean }) => {
      const { world, id, parent, children } = await parentAndChild([gate('sign')], { node: { timeout_ms: 1000 } });
      await world.drive();
      world.writes = 0;
      world.crash = crash;
      const fired = [...world.timers];
      await world.fireTimers(id).catch(async () => {
        // The message of a timer whose handler died comes again.
        for (const [waitId, due] of fired) world.timers.set(waitId, due);
        await world.fireTimers(id);
      });
      await world.drive();
      return { writes: world.writes, end: [(await parent()).status, (await parent()).checkpoint.last_failure?.kind, (await children()).map(({ status }) => status)] };
    };
    const calm = await overdue();
    expect(calm.end).toEqual(['failed', 'child_run_timed_out', ['cancelled']]);
    for (let at = 1; at <= calm.writes; at += 1) {
      for (const after of [false, true]) expect([at, after, (await overdue({ at, after })).end]).toEqual([at, after, calm.end]);
    }
  });

  it('does not leave a child behind whose parent was cancelled before the child was there', async () => {
    const { world, id, children } = await parentAndChild([http('pay')]);
    const { store } = world.app;
    const append = store.append.bind(store);
    store.append = async (...commit) => {
      // The child is about to be written: its parent is cancelled first, and the word of it arrives first.
      if (commit[0].id !== id && commit[0].aggregate === 'run') {
        store.append = append;
        await world.cancel(id);
        await world.executor('other').afterEnd({ ref: world.refOf(id) });
        world.dismiss(id);
      }
      return await append(...commit);
    };
    await world.drive();
    expect(only(await children()).status).toBe('cancelled');
    expect(world.sent).toEqual([]);
  });

  it('does not let a child begin whose parent was cancelled meanwhile, although whoever asked for it died', async () => {
    const { world, id, children } = await parentAndChild([http('pay')]);
    const { store } = world.app;
    const append = store.append.bind(store);
    store.append = async (...commit) => {
      if (commit[0].id === id || commit[0].aggregate !== 'run') return await append(...commit);
      store.append = append;
      await world.cancel(id);
      await world.executor('other').afterEnd({ ref: world.refOf(id) });
      await append(...commit);
      throw new Crash();
    };
    await expect(world.execute(world.messages(id).at(0))).rejects.toThrow(Crash);
    // The message of the child comes before those of its parent come again.
    world.dismiss(id);
    await world.drive();
    expect([only(await children()).status, world.sent]).toEqual(['cancelled', []]);
  });
});
