import type { Json } from '@cs/kernel';
import { automation, steps } from './in-memory-runner.fixture.js';
import { PolicyWorld } from './policy-world.fixture.js';

const day = 24 * 3_600_000;
const withNode = (node: Json, extra: object): Json => ({ ...(node as object), ...extra }) as Json;

const limited = async (autonomy: Json, node: Json = steps.post('pay')): Promise<PolicyWorld> => {
  const world = new PolicyWorld();
  await world.define(automation([node], { execution: { autonomy } }));
  return world;
};
const played = async (world: PolicyWorld): Promise<string> => {
  const run_id = await world.start('a');
  await world.execute(run_id);
  return run_id;
};

const transitions = (world: PolicyWorld) => world.store.all().filter(({ ref }) => ref.aggregate === 'autonomy_transition').flatMap(({ commit }) => commit.events);

describe('an automation that may do only so much without asking (A13, A15)', () => {
  it('asks an operator about the second effect of a day that allows one; approved, it goes out once', async () => {
    const world = await limited({ max_effects_per_day: 1 });
    const first = await played(world);
    const second = await played(world);
    expect([(await world.load(first)).status, world.http.sent.length]).toEqual(['completed', 1]);
    expect(await world.gateOf(second)).toMatchObject({
      node_id: 'pay', approvers: [{ kind: 'role', id: 'operator' }], decisions: ['approve', 'cancel'], policy: { reason_code: 'daily_autonomy_budget_exceeded', elevated: false, approver_role: 'operator' },
      instructions: expect.stringContaining('may have 1 effects a day') as string, releases: [{ node_id: 'pay' }],
    });
    await world.decide(second, 'approve');
    await Promise.all([world.execute(second), world.execute(second, { executor: world.another('runner-2'), redelivered: true })]);
    expect([(await world.load(second)).status, new Set(world.http.sent.map(({ idempotency }) => idempotency?.key)).size]).toEqual(['completed', 2]);
    expect(world.decided(second)).toEqual(['policy_approval_required: daily_autonomy_budget_exceeded', 'policy_approval_used: approved']);
  });

  it('records the second effect of a day that allows one, and that it needs an approval now, before the gate opens and once', async () => {
    const world = await limited({ max_effects_per_day: 1 });
    await played(world);
    const second = await world.start('a');
    const { append } = world.store;
    Object.assign(world.store, { append: (...args: Parameters<typeof append>) => (args[0].aggregate === 'autonomy_transition' ? Promise.reject(new Error('the log is away')) : append.apply(world.store, args)) });
    await expect(world.execute(second)).rejects.toThrow('the log is away');
    expect((await world.load(second)).status).not.toBe('awaiting_approval');
    Object.assign(world.store, { append });
    await Promise.all([world.execute(second, { redelivered: true }), world.execute(second, { executor: world.another('runner-2'), redelivered: true })]);
    const held = { automation_id: 'a', run_id: second, node_id: 'pay', reason_code: 'daily_autonomy_budget_exceeded' };
    const exceeded = { ...held, effects: 1, used: 1, limit: 1, window_begins_at_ms: world.now - (world.now % day) };
    expect(transitions(world)).toMatchObject([{ event_type: 'autonomy_budget_exceeded', data: exceeded }, { event_type: 'autonomy_tier_changed', data: { ...held, from_tier: 'act_auto', to_tier: 'act_with_approval' } }]);
    const events = world.store.all().flatMap(({ commit }) => commit.events.map(({ event_type }) => event_type));
    expect(events.indexOf('autonomy_tier_changed')).toBeLessThan(events.indexOf('approval_gate_opened'));
  });

  it('goes on by itself when the next hour or day has begun', async () => {
    const world = await limited({ max_effects_per_hour: 1 });
    await played(world);
    expect((await world.gateOf(await played(world)))?.policy?.reason_code).toBe('hourly_autonomy_budget_exceeded');
    world.now += day;
    expect((await world.load(await played(world))).status).toBe('completed');
  });

  it('never does more, however many runs there are at a time', async () => {
    const world = await limited({ max_effects_per_hour: 5 });
    const runs = await Promise.all(Array.from({ length: 20 }, () => world.start('a')));
    await Promise.all(runs.map((run_id, index) => world.execute(run_id, { executor: world.another(`runner-${index}`) })));
    const statuses = await Promise.all(runs.map(async (run_id) => (await world.load(run_id)).status));
    expect([world.http.sent.length, statuses.filter((status) => status === 'completed').length, statuses.filter((status) => status === 'awaiting_approval').length]).toEqual([5, 5, 15]);
  });

  it('counts an effect once, whatever the number of its attempts, and each item of a list', async () => {
    const retried = withNode(steps.post('pay'), { retry_policy: { max_attempts: 3, backoff: { strategy: 'fixed', initial_delay_ms: 1000 } } });
    const world = await limited({ max_effects_per_day: 2 }, retried);
    world.http.answer = () => (world.http.sent.length < 3 ? { kind: 'failed', failure: { kind: 'http_status', message: 'busy' }, effect: 'answered', retryable: true } : { kind: 'succeeded', output: 1 });
    const run_id = await played(world);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await world.fireTimers();
      await world.execute(run_id);
    }
    expect([(await world.load(run_id)).status, world.http.sent.length]).toEqual(['completed', 3]);
    expect((await world.load(await played(world))).status).toBe('completed');
    expect((await world.load(await played(world))).status).toBe('awaiting_approval');
    const lists = await limited({ max_effects_per_day: 4 }, withNode(steps.post('pay'), { for_each: { items: [1, 2, 3] } }));
    expect((await lists.load(await played(lists))).status).toBe('completed');
    expect([(await lists.load(await played(lists))).status, lists.http.sent.length]).toEqual(['awaiting_approval', 3]);
  });

  it('counts no effect that a person approved, nor one that was denied', async () => {
    const world = await limited({ max_effects_per_day: 1 }, withNode(steps.post('pay'), { risk_tier: 'consequential_write' }));
    for (let run = 0; run < 3; run += 1) {
      const run_id = await played(world);
      expect((await world.gateOf(run_id))?.policy?.reason_code).toBe('risk_tier_requires_approval');
      await world.decide(run_id, 'approve');
      await world.execute(run_id);
    }
    expect([world.http.sent.length, world.store.all().some(({ ref }) => ref.aggregate === 'autonomy_budget')]).toEqual([3, false]);
  });

  it('may do what it likes where its definition sets no limit', async () => {
    const world = await limited({});
    for (let run = 0; run < 3; run += 1) expect((await world.load(await played(world))).status).toBe('completed');
  });
});
