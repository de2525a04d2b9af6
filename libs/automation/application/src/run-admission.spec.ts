import { holdOf } from '@cs/automation-domain';
import { AdmissionWorld } from './admission-world.fixture.js';

const statuses = async (world: AdmissionWorld, ids: readonly string[]): Promise<readonly string[]> => [...new Set((await world.runs(ids)).map(({ status }) => status))];

/** The most that began within any period. */
const mostWithin = (begun: readonly { readonly atMs: number }[], per_ms: number): number =>
  Math.max(...begun.map(({ atMs }) => begun.filter((other) => other.atMs >= atMs && other.atMs < atMs + per_ms).length));

describe('admission of queued runs', () => {
  it('executes no more runs of an automation at a time than it allows, and all of them in the end', async () => {
    const world = new AdmissionWorld();
    await world.define({ execution: { max_concurrent_runs: 3 } });
    const ids = await world.start(100);
    await world.drive({ timers: false });
    expect(world.most).toBe(3);
    expect(await statuses(world, ids)).toEqual(['completed']);
    expect(world.begun).toHaveLength(100);
  }, 60_000);

  it('says why a run waits and since when', async () => {
    const world = new AdmissionWorld();
    await world.define({ execution: { max_concurrent_runs: 1 } });
    const [first = '', second = ''] = await world.start(2);
    const message = (id: string) => world.app.store.all().filter(({ ref }) => ref.id === id).at(-1);
    const executing = world.deliver(message(first) ?? (undefined as never));
    for (let turn = 0; turn < 200 && world.inside.size === 0; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await world.deliver(message(second) ?? (undefined as never));
    expect(holdOf(await world.app.run(second))).toMatchObject({ queue_reason: 'capacity', resource_key: 'automation:refunds', queued_at_ms: expect.any(Number) });
    await executing;
    await world.drive({ timers: false });
    expect(await statuses(world, [first, second])).toEqual(['completed']);
  });

  it('never executes two runs with the same workspace at once, whichever automations they are of', async () => {
    const world = new AdmissionWorld();
    await world.define({ workspace_root: '/srv/a' }, 'one');
    await world.define({ workspace_root: '/srv/a', execution: { max_concurrent_runs: 2 } }, 'two');
    const ids = [...(await world.start(15, 'one')), ...(await world.start(15, 'two'))];
    await world.drive();
    expect(world.most).toBe(1);
    expect(await statuses(world, ids)).toEqual(['completed']);
  });

  it('begins no more runs within a period than the rate allows, and goes on when the period is over', async () => {
    const world = new AdmissionWorld();
    await world.define({ execution: { rate_limit: { max_runs: 5, per_ms: 60_000 } } });
    const ids = await world.start(23);
    const from = world.app.now;
    await world.drive();
    expect(await statuses(world, ids)).toEqual(['completed']);
    expect(mostWithin(world.begun, 60_000)).toBe(5);
    // 23 runs are five periods' worth: the last begins in the fifth.
    expect(Math.max(...world.begun.map(({ atMs }) => atMs)) - from).toBeLessThan(4 * 60_000 * 1.05);
  });

  it('looks at the rate first, then at the workspace, then at the slots', async () => {
    const world = new AdmissionWorld();
    await world.define({ workspace_root: '/srv/a', execution: { max_concurrent_runs: 1, rate_limit: { max_runs: 2, per_ms: 60_000 } } });
    const ids = await world.start(3);
    const messages = ids.map((id) => world.app.store.all().find(({ ref }) => ref.id === id) ?? (undefined as never));
    const [first, second, third] = messages;
    if (!first || !second || !third) throw new Error('no messages');
    const executing = world.deliver(first);
    for (let turn = 0; turn < 200 && world.inside.size === 0; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await world.deliver(second);
    expect(holdOf(await world.app.run(ids[1] ?? ''))).toMatchObject({ queue_reason: 'workspace_lock', resource_key: 'workspace:/srv/a' });
    await executing;
    await world.drive({ timers: false });
    expect(holdOf(await world.app.run(ids[2] ?? ''))).toMatchObject({ queue_reason: 'rate_limit', retry_after_ms: expect.any(Number) });
    await world.drive();
    expect(await statuses(world, ids)).toEqual(['completed']);
  });

  it('a run that rests holds nothing: others execute while it waits', async () => {
    const world = new AdmissionWorld();
    await world.define({ workspace_root: '/srv/a', execution: { max_concurrent_runs: 1 } }, 'refunds', [{ node_id: 'gate', objective: 'sign', gate: { required: true } }]);
    const ids = await world.start(5);
    await world.drive({ timers: false });
    expect(await statuses(world, ids)).toEqual(['awaiting_approval']);
  });

  it('costs nothing where nothing is limited', async () => {
    const world = new AdmissionWorld();
    await world.define({});
    const ids = await world.start(3);
    await world.drive();
    expect(await statuses(world, ids)).toEqual(['completed']);
    expect(world.app.commits('admission')).toEqual([]);
  });

  const limits = [
    ['slots', { execution: { max_concurrent_runs: 1 } }],
    ['a workspace', { workspace_root: '/srv/a' }],
    ['a rate', { execution: { rate_limit: { max_runs: 2, per_ms: 1000 } } }],
    ['all of them', { workspace_root: '/srv/a', execution: { max_concurrent_runs: 2, rate_limit: { max_runs: 3, per_ms: 1000 } } }],
  ] as const;

  it.each(limits)('leaves no run behind with %s, whatever write a runner dies before or after', async (_name, extra) => {
    const whole = new AdmissionWorld();
    await whole.define(extra);
    await whole.start(3);
    await whole.drive();
    for (let at = 1; at <= whole.writes; at += 1) {
      for (const after of [false, true]) {
        const world = new AdmissionWorld();
        await world.define(extra);
        const ids = await world.start(3);
        world.death = { at, after };
        await world.drive();
        expect({ at, after, statuses: await statuses(world, ids) }).toEqual({ at, after, statuses: ['completed'] });
        expect(world.most).toBeLessThanOrEqual('workspace_root' in extra ? 1 : 4);
      }
    }
  }, 60_000);
});
