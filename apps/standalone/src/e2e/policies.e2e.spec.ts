import { jest } from '@jest/globals';
import type { ApprovalRequest, PolicyDecisionRecord, PolicyDryRun, Run } from '@cs/contracts';
import { Client, shortTypes, type Answer } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

const tier = 'money_movement_contract';

describe('effects that policies judge, on real servers and with two runners', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start();
    await system.startService('runner', { as: 'runner-2' });
    client = new Client(system.url, system.paymentsUrl);
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  const refund = (automation_id: string, behaviour: string, amount: number) => ({
    automation_id, name: automation_id, status: 'active',
    flow: {
      nodes: [
        { node_id: 'look_up', objective: 'look up', action: { kind: 'transform', expression: '{"customer": "ada"}' } },
        {
          node_id: 'refund', objective: 'Refund {{ nodes.look_up.output.customer }}', depends_on: ['look_up'], risk_tier: tier,
          action: { kind: 'http', method: 'POST', url: `${peer.url}/${behaviour}/{{ run.run_id }}/refund`, body: { amount, customer: '{{ nodes.look_up.output.customer }}' } },
        },
      ],
    },
  });
  const begin = async (automation_id: string, behaviour = 'do', amount = 120): Promise<Run> => {
    await client.define(refund(automation_id, behaviour, amount));
    return await client.untilGate(await client.start(automation_id));
  };
  const path = (run_id: string, behaviour = 'do'): string => `/${behaviour}/${run_id}/refund`;
  const decisions = async (query: string): Promise<readonly PolicyDecisionRecord[]> => (await client.call('GET', `/governance/policy-decisions?${query}`)).body['decisions'] as readonly PolicyDecisionRecord[];
  const policy = async (): Promise<{ number: number; policies: string }> => (await client.call('GET', '/governance/effect-policy')).body['policy'] as { number: number; policies: string };
  const publish = (body: object, headers: Record<string, string> = {}): Promise<Answer> => client.call('POST', '/governance/effect-policy', { body, headers });

  it('stop at a gate that opens by itself and says why; approved, they are done once', async () => {
    const run = await begin('asks');
    expect([run.status, peer.done.get(path(run.run_id))]).toEqual(['awaiting_approval', undefined]);
    const requests = (await client.call('GET', '/approvals/pending?limit=500')).body['approvals'] as readonly ApprovalRequest[];
    expect(requests.find(({ run_id }) => run_id === run.run_id)).toMatchObject({
      node_id: 'refund', decisions: ['approve', 'rework', 'cancel'], instructions: expect.stringContaining('risk tier') as string, releases: [{ node_id: 'refund', arguments: { body: { amount: 120, customer: 'ada' } } }],
    });
    expect((await client.decide(run.run_id, 'approve')).status).toBe(200);
    expect((await client.untilFinished(run.run_id)).status).toBe('completed');
    expect(peer.done.get(path(run.run_id))).toBe(1);
    expect((await decisions(`run_id=${run.run_id}`)).map(({ decision, reason_code, approval_id }) => [decision, reason_code, approval_id === null])).toEqual([['allow', 'approved', false], ['approval_required', 'risk_tier_requires_approval', true]]);
    expect(await decisions(`run_id=${run.run_id}&decision=deny`)).toEqual([]);
  });

  it('ask again when they would be something else than what was approved', async () => {
    peer.isBroken = true;
    const run = await begin('changes', 'broken');
    await client.decide(run.run_id, 'approve');
    expect((await client.untilFinished(run.run_id)).status).toBe('failed');
    peer.isBroken = false;
    expect((await client.call('PATCH', '/automations/v2/changes', { body: { flow: refund('changes', 'broken', 9000).flow } })).status).toBe(200);
    expect((await client.call('POST', `/automations/v2/runs/${run.run_id}/tasks/refund/retry`, { body: { reason: 'with the right amount' } })).status).toBe(200);
    const again = await client.untilGate(run.run_id);
    expect(again.checkpoint.awaiting_gate).toMatchObject({ node_id: 'refund', reopened_because: { differences: [{ path: 'action.body.amount', approved: 120, actual: 9000 }] } });
    expect(peer.done.get(path(run.run_id, 'broken'))).toBeUndefined();
    await client.decide(run.run_id, 'approve');
    expect((await client.untilFinished(run.run_id)).status).toBe('completed');
    expect(peer.done.get(path(run.run_id, 'broken'))).toBe(1);
  });

  it('are done once under one approval when the runner is killed that had sent them', async () => {
    peer.isHanging = true;
    const run = await begin('killed', 'hang');
    await client.decide(run.run_id, 'approve');
    const sent = (): number => peer.sent.filter((request) => request.path === path(run.run_id, 'hang')).length;
    await client.until(run.run_id, () => sent() > 0);
    await Promise.all([system.kill('runner'), system.kill('runner-2')]);
    peer.isHanging = false;
    await Promise.all([system.startService('runner'), system.startService('runner', { as: 'runner-2' })]);
    expect((await client.untilFinished(run.run_id)).status).toBe('completed');
    expect([peer.done.get(path(run.run_id, 'hang')), peer.keysOf(path(run.run_id, 'hang')).size]).toEqual([1, 1]);
    expect(shortTypes(await client.timeline(run.run_id)).filter((type) => type === 'approval_gate_opened')).toHaveLength(1);
  });

  it('are judged by what a person publishes; a policy with faults is refused with their places, and stored nowhere', async () => {
    const before = await policy();
    expect(before.number).toBe(0);
    expect(await publish({ policies: `${before.policies}\n@id("x") permit (principal, action, resource) when { context.amount > 1 };` })).toMatchObject({
      status: 400, body: { code: 'EFFECT_POLICY_INVALID', problems: [{ path: 'policies', code: 'policy_invalid', line: before.policies.split('\n').length + 1, column: 54, message: expect.stringContaining('amount') as string }] },
    });
    expect(await publish({ policies: before.policies }, { 'x-tandem-agent-id': 'robot' })).toMatchObject({ status: 403, body: { code: 'EFFECT_POLICY_REQUIRES_HUMAN_ADMIN' } });
    expect((await policy()).number).toBe(0);
    const published = await publish({ policies: before.policies, denied_risk_tiers: [tier], note: 'no refunds this week', replaces: 0 });
    expect(published).toMatchObject({ status: 200, body: { ok: true, policy: { number: 1, denied_risk_tiers: [tier] } } });
    expect(await publish({ policies: before.policies, replaces: 0 })).toMatchObject({ status: 409, body: { code: 'EFFECT_POLICY_CHANGED' } });
    const run = await begin('denied');
    expect(run).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'refund', kind: 'policy_denied' } } });
    expect(peer.done.get(path(run.run_id))).toBeUndefined();
    expect((await decisions('decision=deny&limit=1')).map(({ run_id, reason_code, judgement }) => [run_id, reason_code, judgement.policy_version.split(':')[0]])).toEqual([[run.run_id, 'risk_tier_blocked', '1']]);
    const position = published.headers.get('countersign-position') ?? '';
    expect((await client.call('GET', '/governance/effect-policy/versions', { headers: { 'countersign-min-position': position } })).body).toMatchObject({ count: 1, versions: [{ number: 1, note: 'no refunds this week' }] });
    expect((await client.call('GET', '/governance/effect-policy/versions/1')).body).toMatchObject({ policy: { number: 1 } });
    expect((await client.call('GET', '/governance/effect-policy/versions/2')).status).toBe(404);
  });

  it('tell what another policy would have changed, and nothing of it is stored', async () => {
    const { policies } = await policy();
    const dryRun = (body: object): Promise<Answer> => client.call('POST', '/governance/effect-policy/dry-run', { body });
    const changed = (await dryRun({ policies })).body as unknown as PolicyDryRun;
    expect([changed.examined - changed.unchanged, changed.changes]).toEqual([1, [{ from: 'deny', to: 'approval_required', reason_code_from: 'risk_tier_blocked', reason_code_to: 'risk_tier_requires_approval', count: 1 }]]);
    const small = '@id("small") permit (principal, action, resource) when { context.numbers.hasTag("body.amount") && context.numbers.getTag("body.amount").lessThan(decimal("1000.0")) };';
    const free = (await dryRun({ policies: small, limit: 1 })).body as unknown as PolicyDryRun;
    expect(free.changes.filter(({ to }) => to === 'allow').reduce((total, { count }) => total + count, 0)).toBe(4);
    expect(free.items).toHaveLength(1);
    expect((await dryRun({ policies: 'permit' })).body).toMatchObject({ code: 'EFFECT_POLICY_INVALID' });
    expect((await policy()).number).toBe(1);
  });

  it('leave an audit chain that holds', async () => {
    expect((await client.call('GET', '/audit/ledger/manifest')).body).toMatchObject({ verified: true });
  });
});
