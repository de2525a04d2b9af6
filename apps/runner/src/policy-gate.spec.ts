import { patchAutomation, retryTask } from '@cs/automation-application';
import type { Json } from '@cs/kernel';
import { automation, context, steps } from './in-memory-runner.fixture.js';
import { PolicyWorld, shipped } from './policy-world.fixture.js';

const hour = 3_600_000;
const { transform } = steps;
const withNode = (node: Json, extra: object): Json => ({ ...(node as object), ...extra }) as Json;
const risky = { risk_tier: 'consequential_write' };
const pay = (extra: object = risky, body: Json = { amount: '{{ nodes.price.output }}' }): Json =>
  withNode({ node_id: 'pay', objective: 'Pay {{ nodes.price.output }} back', depends_on: ['price'], action: { kind: 'http', method: 'POST', url: 'http://peer/pay', headers: { authorization: '{{ secrets.TOKEN }}' }, body } }, extra);

const started = async (nodes: readonly Json[], input: Json = {}, prepare: (world: PolicyWorld) => Promise<void> | void = () => undefined) => {
  const world = new PolicyWorld();
  await prepare(world);
  await world.define(automation(nodes));
  const run_id = await world.start('a', input);
  await world.execute(run_id);
  return { world, run_id };
};
const atPolicyGate = (node = pay()) => started([transform('price', 'input.amount'), node], { amount: 10 });
const unavailable = { kind: 'failed', failure: { kind: 'http_status', message: 'busy' }, effect: 'answered', retryable: true } as const;
const refused = { kind: 'failed', failure: { kind: 'http_status', message: 'no' }, effect: 'answered', retryable: false } as const;
const retried = { retry_policy: { max_attempts: 3, backoff: { strategy: 'fixed', initial_delay_ms: 1000 } } };

const optionsOf = (world: PolicyWorld) => ({ eventing: world.eventing, definitions: world.definitions, evaluator: world.evaluator, changes: { announce: () => undefined, listen: () => () => undefined } });

describe('a step that the policy asks about', () => {
  it('opens a gate by itself that shows its arguments and the reason, and sends nothing before', async () => {
    const { world, run_id } = await atPolicyGate();
    const gate = await world.gateOf(run_id);
    expect(world.bodies()).toEqual([]);
    expect(gate).toMatchObject({
      node_id: 'pay', title: 'Pay 10 back', decisions: ['approve', 'rework', 'cancel'], risk_tier: 'consequential_write', expiry_policy: { expires_after_ms: 72 * hour, on_expiry: 'cancel' },
      instructions: expect.stringContaining('the risk tier of the step asks for an approval') as string,
      policy: { reason_code: 'risk_tier_requires_approval', elevated: false },
      releases: [{ node_id: 'pay', action_kind: 'http', arguments: { headers: { authorization: 'secrets.TOKEN' }, body: { amount: 10 } } }],
    });
    expect(gate?.expires_at_ms).toBe((gate?.requested_at_ms ?? 0) + 72 * hour);
    expect(JSON.stringify(world.store.all())).not.toContain('tok-secret');
  });

  it('goes out once, with exactly these arguments, when it is approved', async () => {
    const { world, run_id } = await atPolicyGate();
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect([(await world.load(run_id)).status, world.bodies()]).toEqual(['completed', [{ amount: 10 }]]);
    expect(world.decided(run_id)).toEqual(['policy_approval_required: risk_tier_requires_approval', 'policy_approval_used: approved']);
  });

  it('does not go out when it is cancelled', async () => {
    const { world, run_id } = await atPolicyGate();
    await world.decide(run_id, 'cancel');
    expect([(await world.load(run_id)).status, world.bodies()]).toEqual(['cancelled', []]);
  });

  it('is sent back with what it depends on, and asks again with what comes out then', async () => {
    const { world, run_id } = await atPolicyGate();
    await world.decide(run_id, 'rework');
    await world.execute(run_id);
    expect((await world.gateOf(run_id))?.gate_opening_id).toMatch(/:pay:2$/);
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect(world.bodies()).toEqual([{ amount: 10 }]);
  });

  it('can only be approved or cancelled where there is nothing to send back to', async () => {
    const { world, run_id } = await started([{ node_id: 'go', objective: 'go', action: { kind: 'http', method: 'DELETE', url: 'http://peer/go' }, ...risky }]);
    expect((await world.gateOf(run_id))?.decisions).toEqual(['approve', 'cancel']);
  });

  it('ends its run when nobody approves in time: an hour where the approval has to be elevated', async () => {
    const { world, run_id } = await atPolicyGate(pay({ risk_tier: 'money_movement_contract' }));
    const gate = await world.gateOf(run_id);
    expect(gate).toMatchObject({ expiry_policy: { expires_after_ms: hour }, policy: { elevated: true }, metadata: { gate: { reviewer_eligibility: 'elevated_reviewer' } } });
    await world.fireTimers();
    expect([(await world.load(run_id)).status, world.bodies(), world.eventTypes(run_id).includes('approval_gate_expired')]).toEqual(['cancelled', [], true]);
  });

  it('asks again when its approval was not used in time', async () => {
    const { world, run_id } = await atPolicyGate();
    await world.decide(run_id, 'approve');
    world.now += 73 * hour;
    await world.execute(run_id);
    expect([(await world.gateOf(run_id))?.gate_opening_id, world.bodies()]).toEqual([expect.stringMatching(/:pay:2$/), []]);
  });

  it('is tried again under the same approval and the same key, and no more when that has run out', async () => {
    const { world, run_id } = await atPolicyGate(pay({ ...risky, ...retried }));
    world.http.answer = () => unavailable;
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    await world.fireTimers();
    await world.execute(run_id);
    expect(new Set(world.http.sent.map(({ idempotency }) => idempotency?.key)).size).toBe(1);
    expect(world.http.sent).toHaveLength(2);
    world.now += 73 * hour;
    await world.fireTimers();
    await world.execute(run_id);
    expect([world.http.sent.length, (await world.gateOf(run_id))?.node_id]).toEqual([2, 'pay']);
  });

  it('asks again, and shows what differs, when it would do something else than what was approved', async () => {
    const { world, run_id } = await atPolicyGate();
    world.http.answer = () => refused;
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    world.http.answer = () => ({ kind: 'succeeded', output: 'paid' });
    world.http.sent.length = 0;
    expect(await patchAutomation(optionsOf(world), context, { automation_id: 'a', patch: { flow: { nodes: [transform('price', 'input.amount'), pay(risky, { amount: 1000 })] } } as Json })).toMatchObject({ ok: true });
    expect(await retryTask(optionsOf(world), context, { run_id, node_id: 'pay' })).toMatchObject({ ok: true });
    await world.execute(run_id);
    expect(world.bodies()).toEqual([]);
    expect(await world.gateOf(run_id)).toMatchObject({ reopened_because: { node_id: 'pay', differences: [{ path: 'action.body.amount', approved: 10, actual: 1000 }] } });
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect(world.bodies()).toEqual([{ amount: 1000 }]);
  });

  it('asks again when an operator has it done once more: an approval is good for one effect', async () => {
    const { world, run_id } = await atPolicyGate();
    world.http.answer = () => refused;
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect(await retryTask(optionsOf(world), context, { run_id, node_id: 'pay' })).toMatchObject({ ok: true });
    await world.execute(run_id);
    expect([world.http.sent.length, (await world.gateOf(run_id))?.gate_opening_id]).toEqual([1, expect.stringMatching(/:pay:2$/)]);
  });

  it('waits until everything else that can run has run', async () => {
    const { world, run_id } = await started([transform('price', '1'), pay(), { node_id: 'look', objective: 'look', action: { kind: 'http', method: 'GET', url: 'http://peer/look' } }]);
    expect([world.http.sent.map(({ url }) => url), (await world.gateOf(run_id))?.node_id]).toEqual([['http://peer/look'], 'pay']);
  });

  it('asks once for a whole list', async () => {
    const { world, run_id } = await started([transform('price', '[1,2,3]'), pay({ ...risky, for_each: { items: 'nodes.price.output', max_parallel: 2 } }, { amount: '{{ item }}' })]);
    expect(world.bodies()).toEqual([]);
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect([(await world.load(run_id)).status, world.bodies()]).toEqual(['completed', [1, 2, 3].map((amount) => ({ amount }))]);
    expect(world.decided(run_id)).toEqual(['policy_approval_required: risk_tier_requires_approval', 'policy_approval_used: approved']);
  });

  it('asks again for the rest of a list whose approval has run out', async () => {
    const { world, run_id } = await started([transform('price', '[1,2,3]'), pay({ ...risky, for_each: { items: 'nodes.price.output' } }, { amount: '{{ item }}' })]);
    world.http.answer = () => {
      world.now += 40 * hour;
      return { kind: 'succeeded', output: 1 };
    };
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect([world.bodies().length, (await world.gateOf(run_id))?.gate_opening_id]).toEqual([2, expect.stringMatching(/:pay:2$/)]);
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect([(await world.load(run_id)).status, world.bodies()]).toEqual(['completed', [1, 2, 3].map((amount) => ({ amount }))]);
  });
});

describe('an approval by a gate before the step', () => {
  const gate = (extra: object = {}): Json => withNode({ node_id: 'sign', objective: 'Pay?', depends_on: ['price'], gate: { required: true } }, extra);
  const signed = (tier: object, gateExtra: object = {}) => started([transform('price', 'input.amount'), gate(gateExtra), withNode(pay(tier), { depends_on: ['sign'] })], { amount: 10 });

  it('of the same arguments is the approval that the policy asks for', async () => {
    const { world, run_id } = await signed(risky);
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect([(await world.load(run_id)).status, world.bodies(), world.decided(run_id)]).toEqual(['completed', [{ amount: 10 }], ['policy_approval_used: approved']]);
  });

  it('is an elevated one only if the gate is of such a class itself', async () => {
    for (const [own, gates] of [[{}, 1], [{ risk_tier: 'money_movement_contract' }, 0]] as const) {
      const { world, run_id } = await signed({ risk_tier: 'money_movement_contract' }, own);
      await world.decide(run_id, 'approve');
      await world.execute(run_id);
      expect([world.http.sent.length, (await world.gateOf(run_id))?.policy === undefined ? 0 : 1]).toEqual([1 - gates, gates]);
    }
  });

  it('counts for one effect and for its time', async () => {
    const { world, run_id } = await signed(risky);
    await world.decide(run_id, 'approve');
    world.now += 73 * hour;
    await world.execute(run_id);
    expect([world.http.sent.length, (await world.gateOf(run_id))?.node_id]).toEqual([0, 'pay']);
  });

  it('is none when time let the gate pass', async () => {
    const { world, run_id } = await signed(risky, { gate: { required: true, expiry_policy: { expires_after_ms: 1000, on_expiry: 'resume' } } });
    await world.fireTimers();
    await world.execute(run_id);
    expect([world.http.sent.length, (await world.gateOf(run_id))?.node_id]).toEqual([0, 'pay']);
  });
});

describe('a step that the policy forbids', () => {
  it('fails its node at once, is not retried and sends nothing', async () => {
    const { world, run_id } = await started([transform('price', '10'), pay({ risk_tier: 'money_movement_contract', ...retried })], {}, (of) => of.publish(shipped, { denied_risk_tiers: ['money_movement_contract'] }));
    expect(await world.load(run_id)).toMatchObject({ status: 'failed', checkpoint: { open_waits: [], last_failure: { node_id: 'pay', kind: 'policy_denied', message: expect.stringContaining('risk_tier_blocked') as string } } });
    expect([world.http.sent, world.decided(run_id)]).toEqual([[], ['policy_effect_denied: risk_tier_blocked']]);
  });

  it('is stopped by the version that is active when it starts, though another one asked for its approval', async () => {
    const { world, run_id } = await atPolicyGate();
    await world.publish('@id("never") @reason_code("frozen") forbid (principal, action, resource);');
    await world.decide(run_id, 'approve');
    await world.execute(run_id);
    expect([(await world.load(run_id)).status, world.http.sent, world.decisions(run_id).map(({ judgement }) => judgement.policy_version.split(':')[0])]).toEqual(['failed', [], ['builtin', '1']]);
  });

  it('holds what looks like a credential back, whatever the policy says, and records it nowhere', async () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    for (const body of [{ note: '{{ input.a & input.b }}' }, { '{{ 1 }}': 1, deep: [{ at: 'see {{ input.a & input.b }}' }] }]) {
      const { world, run_id } = await started([transform('price', '1'), pay({ risk_tier: 'read_discover' }, body)], { a: token.slice(0, 9), b: token.slice(9) }, (of) => of.publish('@id("all") permit (principal, action, resource);'));
      expect([world.http.sent, world.decided(run_id), (await world.load(run_id)).status]).toEqual([[], ['policy_effect_denied: secret_content_blocked'], 'failed']);
      expect(JSON.stringify(world.store.all())).not.toContain(token);
    }
  });
});

describe('a step that nobody has to be asked about', () => {
  it('goes out, and its decision is recorded with what it was judged by', async () => {
    const { world, run_id } = await started([transform('price', '10'), pay({ risk_tier: 'internal_write', data_classes: ['internal'] })]);
    expect([(await world.load(run_id)).status, world.bodies()]).toEqual(['completed', [{ amount: 10 }]]);
    expect(world.decisions(run_id)).toMatchObject([{
      decision: 'allow', reason_code: 'low_risk_auto_allow', attempt: 1, effect_id: `${run_id}:pay:0`,
      judged: { automation_id: 'a', node_id: 'pay', action_kind: 'http', risk_tier: 'internal_write', data_classes: ['internal'], method: 'POST', host: 'peer', numbers: { 'body.amount': 10 }, texts: { url: 'http://peer/pay' }, is_partial: false },
    }]);
  });

  it('is judged before each attempt', async () => {
    const { world, run_id } = await started([transform('price', '10'), pay({ risk_tier: 'internal_write', ...retried })], {}, (of) => { of.http.answer = () => unavailable; });
    await world.fireTimers();
    await world.execute(run_id);
    expect(world.decisions(run_id).map(({ attempt, decision_id }) => [attempt, decision_id])).toEqual([[1, `policy_decision:${run_id}:1`], [2, `policy_decision:${run_id}:2`]]);
  });

  it('is not judged at all when it names neither risk nor data, and neither is a transform', async () => {
    const { world, run_id } = await started([withNode(transform('price', '10'), risky), pay({})]);
    expect([(await world.load(run_id)).status, world.decided(run_id)]).toEqual(['completed', []]);
  });

  it('that is more than may run at a time is judged once it can', async () => {
    const world = new PolicyWorld();
    const low = Array.from({ length: 5 }, (_, n) => withNode(steps.post(`p${n}`), { risk_tier: 'internal_write' }));
    await world.define(automation(low, { execution: { max_parallel_agents: 2 } }));
    const run_id = await world.start('a');
    await world.execute(run_id);
    expect([(await world.load(run_id)).status, world.decided(run_id).length]).toEqual(['completed', 5]);
  });

  it('fails as it would without a policy when its arguments cannot be resolved', async () => {
    const { world, run_id } = await started([transform('price', '10'), pay(risky, { amount: '{{ input.name > 1 }}' })], { name: 'x' });
    expect(await world.load(run_id)).toMatchObject({ status: 'failed', checkpoint: { last_failure: { kind: 'expression_failed', path: 'action.body.amount' } } });
  });
});

describe('two runners with one run', () => {
  it('send an approved effect once', async () => {
    const { world, run_id } = await atPolicyGate();
    await world.decide(run_id, 'approve');
    await Promise.all([world.execute(run_id), world.execute(run_id, { executor: world.another('runner-2'), redelivered: true }), world.execute(run_id)]);
    expect(new Set(world.http.sent.map(({ idempotency }) => idempotency?.key)).size).toBe(1);
    expect([(await world.load(run_id)).status, world.decided(run_id).filter((decided) => decided.startsWith('policy_approval_used')).length]).toEqual(['completed', 1]);
  });

  it('open one gate', async () => {
    const world = new PolicyWorld();
    await world.define(automation([transform('price', '10'), pay()]));
    const run_id = await world.start('a');
    await Promise.all([world.execute(run_id), world.execute(run_id, { executor: world.another('runner-2'), redelivered: true })]);
    expect([world.eventTypes(run_id).filter((type) => type === 'approval_gate_opened').length, world.decided(run_id).length, world.http.sent]).toEqual([1, 1, []]);
  });
});
