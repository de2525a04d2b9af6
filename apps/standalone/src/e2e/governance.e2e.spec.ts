import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Answer } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(300_000);

describe('what agents make, under governance', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start({ env: { RUNNER_SWEEP_MS: '1000' } });
    client = new Client(system.url, system.paymentsUrl);
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  const as = (agent: string | undefined) => async (method: string, route: string, body?: unknown): Promise<Answer> =>
    await client.call(method, route, {
      ...(body === undefined ? {} : { body }),
      headers: { ...(agent === undefined ? {} : { 'x-tandem-agent-id': agent }), ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }) },
    });
  const person = as(undefined);
  const must = async (call: Promise<Answer>): Promise<Record<string, unknown>> => {
    const { status, body } = await call;
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body;
  };
  const until = async <Value>(read: () => Promise<Value | undefined>): Promise<Value> => {
    for (let attempt = 0; attempt < 600; attempt += 1) {
      const value = await read();
      if (value !== undefined) return value;
      await delay(50);
    }
    throw new Error('it did not come to that');
  };
  const job = (automation_id: string, extra: object = {}) => ({
    automation_id, name: automation_id, status: 'active', ...extra,
    flow: { nodes: [{ node_id: 'work', objective: 'work', action: { kind: 'http', method: 'POST', url: `${peer.url}/do/{{ run.run_id }}/${automation_id}` } }] },
  });
  const sentFor = (run: string): number => peer.sent.filter(({ path }) => path.includes(run)).length;
  const activationOf = (automation_id: string, status = 'pending'): Promise<string> =>
    until(async () => {
      const { body } = await person('GET', `/governance/approvals?automation_id=${automation_id}&approval_type=activation&status=${status}`);
      return (body['approvals'] as readonly { approval_id: string }[] | undefined)?.[0]?.approval_id;
    });
  const isHeld = (run: Record<string, unknown>): boolean => run['status'] === 'queued' && (run['scheduler'] as { queue_reason?: string } | undefined)?.queue_reason === 'governance';
  const untilHeld = (run: string) => client.until(run, (record) => isHeld(record as unknown as Record<string, unknown>));
  /** An automation of an agent that a person allowed. */
  const allowed = async (agent: string, automation_id: string, extra: object = {}): Promise<void> => {
    await must(as(agent)('POST', '/automations/v2', job(automation_id, extra)));
    await must(person('POST', `/governance/approvals/${await activationOf(automation_id)}/approve`, {}));
    await activationOf(automation_id, 'consumed');
  };

  it('agent creates, the run is held, a person approves once although many try at once, and it runs', async () => {
    await must(as('planner')('POST', '/automations/v2', job('report')));
    const run = await client.start('report');
    await untilHeld(run);
    const approval = await activationOf('report');
    expect((await as('planner')('POST', `/governance/approvals/${approval}/approve`, {})).body).toMatchObject({ code: 'GOVERNANCE_REQUIRES_HUMAN' });
    expect(sentFor(run)).toBe(0);
    const answers = await Promise.all(Array.from({ length: 10 }, () => person('POST', `/governance/approvals/${approval}/approve`, {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    expect(await client.untilFinished(run)).toMatchObject({ status: 'completed' });
    expect(sentFor(run)).toBe(1);
    const { body } = await person('GET', '/automations/v2/report/governance');
    expect(body['governance']).toMatchObject({ provenance: { creator: { kind: 'agent', actor_id: 'planner' }, depth: 0 }, launches_since_review: 1 });
  });

  it('an agent starts a run only with an approval of exactly that, once', async () => {
    await client.define(job('payout'));
    const bot = as('launcher');
    expect((await bot('POST', '/automations/v2/payout/run_now', { input: { amount: 5 } })).body).toMatchObject({ code: 'AUTOMATION_V2_LAUNCH_APPROVAL_REQUIRED' });
    expect((await bot('POST', '/automations/v2/payout/share', { visibility: 'org' })).status).toBe(403);
    expect((await bot('POST', '/automations/v2/payout/webhook-triggers', { provider: 'generic' })).status).toBe(403);
    expect((await bot('DELETE', '/automations/v2/payout')).body).toMatchObject({ code: 'AUTOMATION_V2_DELETE_HUMAN_CREATED_DENIED' });
    const { approval } = (await must(bot('POST', '/governance/approvals', { approval_type: 'launch', automation_id: 'payout', input: { amount: 5 } }))) as { approval: { approval_id: string } };
    const launch = (amount: number): Promise<Answer> => bot('POST', '/automations/v2/payout/run_now', { input: { amount }, approval_id: approval.approval_id });
    expect((await launch(5)).status).toBe(403);
    await must(person('POST', `/governance/approvals/${approval.approval_id}/approve`, { note: 'fine' }));
    expect((await launch(500)).body).toMatchObject({ code: 'GOVERNANCE_APPROVAL_MISMATCH' });
    const launched = await Promise.all([launch(5), launch(5), launch(5)]);
    const runs = new Set(launched.map(({ body }) => (body['run'] as { run_id: string }).run_id));
    expect([launched.map(({ status }) => status), runs.size]).toEqual([[200, 200, 200], 1]);
    await client.untilFinished([...runs][0] ?? '');
    const { body } = await person('GET', '/automations/v2/payout/runs');
    expect(body['count']).toBe(1);
  });

  it('quota: of many creations at once as many succeed as the agent may', async () => {
    await must(person('PATCH', '/governance/limits', { max_creations_per_day: 3, reason: 'a trial' }));
    const answers = await Promise.all(Array.from({ length: 9 }, (_, index) => as('eager')('POST', '/automations/v2', job(`eager-${index}`))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(new Set(answers.flatMap(({ status, body }) => (status === 200 ? [] : [`${status} ${String(body['code'])}`])))).toEqual(new Set(['429 AUTOMATION_V2_AGENT_DAILY_QUOTA_EXCEEDED']));
    expect((await as('eager')('PATCH', '/governance/limits', { max_creations_per_day: 100 })).body).toMatchObject({ code: 'GOVERNANCE_REQUIRES_HUMAN' });
    const { approval } = (await must(as('eager')('POST', '/governance/approvals', { approval_type: 'quota_override', automation_id: 'eager-more' }))) as { approval: { approval_id: string } };
    await must(person('POST', `/governance/approvals/${approval.approval_id}/approve`, {}));
    await must(as('eager')('POST', `/automations/v2?approval_id=${approval.approval_id}`, job('eager-more')));
    await must(person('PATCH', '/governance/limits', { max_creations_per_day: 10 }));
  });

  it('revocation while queued: the run is held until the capability is granted again', async () => {
    await allowed('payer', 'pay-out', { metadata: { governance: { declared_capabilities: ['payments'] } } });
    await must(person('DELETE', '/automations/v2/pay-out/grants/capability-payments'));
    const run = await client.start('pay-out');
    await untilHeld(run);
    expect((await person('GET', '/automations/v2/pay-out/governance')).body['governance']).toMatchObject({ hold: { kind: 'authority_revoked' } });
    await must(person('POST', '/automations/v2/pay-out/grants', { kind: 'capability', capability: 'payments' }));
    expect(await client.untilFinished(run)).toMatchObject({ status: 'completed' });
    expect(sentFor(run)).toBe(1);
  });

  it('a spend cap that is reached holds the runs of that agent only, until a person lets it use more', async () => {
    await allowed('spender', 'spend');
    await allowed('saver', 'save');
    await must(person('PATCH', '/governance/agents', { agent_id: 'spender', weekly_spend_cap_usd: 1 }));
    const first = await client.start('spend');
    await client.untilFinished(first);
    await must(person('POST', `/automations/v2/runs/${first}/usage`, { usage_id: 'u-1', estimated_cost_usd: 1.5, total_tokens: 1000 }));
    const agent = await until(async () => {
      const { body } = await person('GET', '/governance/spend');
      return (body['agents'] as readonly { agent_id: string; spend_paused: boolean }[]).find(({ agent_id, spend_paused }) => agent_id === 'spender' && spend_paused);
    });
    expect(agent).toMatchObject({ spend: { week_usd: 1.5, lifetime_tokens: 1000 }, weekly_spend_cap_usd: 1 });
    const [held, free] = [await client.start('spend'), await client.start('save')];
    await untilHeld(held);
    expect(await client.untilFinished(free)).toMatchObject({ status: 'completed' });
    const { approval } = (await must(as('spender')('POST', '/governance/approvals', { approval_type: 'spend_override', allowed_usd: 5 }))) as { approval: { approval_id: string } };
    // The runner dies right after the decision: what was allowed takes effect all the same.
    await must(person('POST', `/governance/approvals/${approval.approval_id}/approve`, {}));
    await system.kill('runner');
    await system.startService('runner');
    expect(await client.untilFinished(held)).toMatchObject({ status: 'completed' });
    expect(sentFor(held)).toBe(1);
  });

  it('a cost spike, runs that fail and an expiry that is near are found by themselves, and what was found is in the review', async () => {
    await must(person('PATCH', '/governance/limits', { cost_spike_min_runs: 1, health_check_every_ms: 1000, health_min_runs: 2, expiry_warning_ms: 365 * 86_400_000, reason: 'a trial' }));
    await allowed('careful', 'cheap');
    await must(as('careful')('POST', '/automations/v2', { ...job('broken'), flow: { nodes: [{ node_id: 'work', objective: 'work', action: { kind: 'transform', expression: '$error("no")' } }] } }));
    await must(person('POST', `/governance/approvals/${await activationOf('broken')}/approve`, {}));
    await activationOf('broken', 'consumed');
    for (let run = 0; run < 2; run += 1) await client.untilFinished(await client.start('broken'));
    for (const [index, cost] of [1, 10].entries()) {
      const run = await client.start('cheap');
      await client.untilFinished(run);
      await must(person('POST', `/automations/v2/runs/${run}/usage`, { usage_id: `c-${index}`, estimated_cost_usd: cost }));
    }
    const reasonOf = (automation_id: string): Promise<string> =>
      until(async () => {
        const { body } = await person('GET', '/governance/reviews');
        return (body['reviews'] as readonly { subject: { id: string }; reason: string }[] | undefined)?.find(({ subject }) => subject.id === automation_id)?.reason;
      });
    expect(await reasonOf('cheap')).toMatch(/has cost 10 USD, and the 1 runs before it 1 USD on average/);
    expect(await reasonOf('broken')).toBe('2 of 2 runs failed');
    const held = await client.start('broken');
    await untilHeld(held);
    const auditOf = (type: string): Promise<readonly unknown[]> =>
      until(async () => {
        const { body } = await person('GET', `/audit/records?types=${type}`);
        const records = body['records'] as readonly unknown[];
        return records.length > 0 ? records : undefined;
      });
    for (const type of ['cost_spike_found', 'review_required', 'expiry_warned']) expect((await auditOf(`automation.governance.${type}`)).length).toBeGreaterThan(0);
  });

  it('what was denied, decided and done is in the protected audit, and the chain of it holds', async () => {
    const { body } = await person('GET', '/audit/ledger/manifest');
    expect(body).toMatchObject({ verified: true, complete: true, violations: [] });
  });
});
