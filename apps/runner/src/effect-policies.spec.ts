import { randomUUID } from 'node:crypto';
import { activeEffectPolicy, effectPolicyRef, publishEffectPolicy, type PolicyPublication } from '@cs/automation-application';
import { CedarEffectJudge } from '@cs/cedar-policy';
import type { CallContext, TenantContext } from '@cs/contracts';
import { context } from './in-memory-runner.fixture.js';
import { PolicyWorld } from './policy-world.fixture.js';

const allow = '@id("all") permit (principal, action, resource);';
const never = '@id("never") forbid (principal, action, resource);';
const acme: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
const judge = new CedarEffectJudge();

const setUp = () => {
  const world = new PolicyWorld();
  const options = { eventing: world.eventing, judge, newId: randomUUID };
  const publish = (policies: string, extra: Partial<PolicyPublication> = {}, by: Partial<CallContext> = {}) =>
    publishEffectPolicy(options, { ...context, ...by }, { policies, denied_risk_tiers: [], denied_data_classes: [], ...extra });
  return { world, publish, active: (by: Partial<CallContext> = {}) => activeEffectPolicy(options, { ...context, ...by }) };
};

describe('the policy of a workspace', () => {
  it('is the shipped one until one is published', async () => {
    expect(await setUp().active()).toMatchObject({ ok: true, value: { source: 'builtin', number: 0, policy_version: judge.builtin.policy_version, policies: judge.builtin.policies } });
  });

  it('is what was published last, with who did so', async () => {
    const { publish, active, world } = setUp();
    expect(await publish(allow)).toMatchObject({ ok: true, value: { policy: { number: 1, published_by: context.actor }, position: 1 } });
    await publish(never, { note: 'stop' });
    expect(await active()).toMatchObject({ value: { source: 'published', number: 2, policies: never } });
    expect(world.store.all().map(({ commit, status }) => [status, commit.events[0]?.actor])).toEqual([['active', context.actor], ['active', context.actor]]);
  });

  it('is not the one of another workspace', async () => {
    const { publish, active } = setUp();
    await publish(allow);
    expect(await active({ tenant: acme })).toMatchObject({ value: { source: 'builtin' } });
  });

  it('with a fault is not stored, and each fault has its place', async () => {
    const { publish, world } = setUp();
    expect(await publish(`${allow}\n${allow}\n@id("x") @order("first") permit (principal, action, resource);`)).toMatchObject({
      ok: false, refusal: { code: 'EFFECT_POLICY_INVALID', details: { problems: [{ path: 'policies', line: 3, column: 1, message: expect.stringMatching(/^line 3, column 1: @order/) as string }, { line: 1 }] } },
    });
    expect(world.store.all()).toEqual([]);
  });

  it('is published once by two callers with one key, and by one of two who have read the same version', async () => {
    const { publish, world } = setUp();
    const [first, second] = await Promise.all([publish(allow, { command_id: 'k' }), publish(allow, { command_id: 'k' })]);
    expect([first.ok, second.ok, world.store.all().length]).toEqual([true, true, 1]);
    const results = await Promise.all([publish(never, { replaces: 1 }), publish(`${never}\n`, { replaces: 1 })]);
    expect(results.map(({ ok }) => ok).sort()).toEqual([false, true]);
    expect(world.store.all()).toHaveLength(2);
  });
});

describe('who may publish', () => {
  const refused = { ok: false, refusal: { code: 'EFFECT_POLICY_REQUIRES_HUMAN_ADMIN' } };
  const verified = (roles: readonly string[]): Partial<CallContext> => ({
    tenant: acme, verified: { tenant_context: acme, human_actor: { actor_id: 'ada' }, authority_chain: { initiated_by: 'ada', executed_as: 'ada' }, roles: [...roles], org_units: [], capabilities: [], issuer: 'i', audience: 'a', issued_at_ms: 0, expires_at_ms: 9, assertion_id: 'x' },
  });

  it.each<[string, Partial<CallContext>]>([
    ['an agent', { actor: { kind: 'agent', actor_id: 'robot' } }],
    ['a service', { actor: { kind: 'system', source: 'cron' } }],
    ['a person without a role in a workspace with keys', { tenant: acme }],
    ['a person with another role', { tenant: acme, memberships: { roles: ['approver'], groups: ['admin'] } }],
    ['a person whose assertion says no such thing', verified(['member'])],
    ['a person whose key says so but whose assertion does not', { ...verified(['member']), memberships: { roles: ['admin'], groups: [] } }],
  ])('not %s, and the audit has it', async (_name, by) => {
    const { publish, world } = setUp();
    expect(await publish(allow, {}, by)).toMatchObject(refused);
    expect(world.store.all().flatMap(({ commit }) => commit.events)).toMatchObject([
      { event_type: 'governance_action_denied', data: { action: 'publish_effect_policy', code: 'EFFECT_POLICY_REQUIRES_HUMAN_ADMIN', resource_kind: 'workspace' } },
    ]);
  });

  it.each<[string, Partial<CallContext>]>([
    ['the local person', {}],
    ['a person with the role', { tenant: acme, memberships: { roles: ['admin'], groups: [] } }],
    ['a person whose assertion says so', verified(['workspace:admin'])],
  ])('%s', async (_name, by) => {
    const { publish, world } = setUp();
    expect(await publish(allow, {}, by)).toMatchObject({ ok: true });
    expect(world.store.all()[0]?.ref).toEqual(effectPolicyRef(by.tenant ?? context.tenant));
  });
});
