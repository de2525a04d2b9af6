import { jest } from '@jest/globals';
import { eventually } from '@cs/testing';
import { Client, type Answer } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

const http = (node_id: string, url: string, { action = {}, ...extra }: { readonly action?: object } & Readonly<Record<string, unknown>> = {}) => ({
  node_id, objective: node_id, ...extra, action: { kind: 'http', method: 'POST', url, ...action },
});
const unsafe = { action: { idempotency: 'none' } };
const end = (depends_on: readonly string[]) => ({ node_id: 'end', objective: 'end', depends_on, action: { kind: 'transform', expression: 'nodes.pay.output' } });
const define = (client: Client, automation_id: string, ...nodes: readonly object[]): Promise<void> => client.define({ automation_id, name: automation_id, status: 'active', flow: { nodes } });

describe('operators bring runs back, over HTTP, every service its own process', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;
  const stuck: Record<'continued' | 'succeeded' | 'failed' | 'retry' | 'list', string> = { continued: '', succeeded: '', failed: '', retry: '', list: '' };

  const ofRun = (run: string, command: string, body: object = {}): Promise<Answer> => client.insist('POST', `/automations/v2/runs/${run}/${command}`, body);
  const reconcile = (run: string, body: object): Promise<Answer> => ofRun(run, 'tasks/pay/reconcile', body);
  const sent = (run: string, step = 'pay') => peer.sent.filter(({ path }) => path.includes(run) && path.includes(step));

  /** Runs whose payments promise nothing and are under way; their runner is killed, and another one takes them over. */
  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start({ env: { RUNNER_LEASE_MS: '1000' } });
    client = new Client(system.url, system.paymentsUrl);
    await define(client, 'unsafe', http('pay', `${peer.url}/hang/{{ run.run_id }}/pay`, unsafe), end(['pay']));
    await define(client, 'unsafe-list', http('pay', `${peer.url}/hang/{{ run.run_id }}/pay-{{ index }}`, { ...unsafe, for_each: { items: [10, 20], max_parallel: 2 } }), end(['pay']));
    await define(client, 'breaking', http('pay', `${peer.url}/broken/{{ run.run_id }}/pay`), http('tell', `${peer.url}/do/{{ run.run_id }}/tell`), end(['pay', 'tell']));
    peer.isHanging = true;
    for (const name of ['continued', 'succeeded', 'failed', 'retry'] as const) stuck[name] = await client.start('unsafe');
    stuck.list = await client.start('unsafe-list');
    await eventually(() => peer.sent.length === 6, { timeoutMs: 30_000 });
    await system.kill('runner');
    peer.isHanging = false;
    await system.startService('runner');
    for (const run of Object.values(stuck)) expect((await client.untilFinished(run)).status).toBe('blocked');
    expect(peer.sent).toHaveLength(6);
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  it('recover a run that failed, once the peer is well again: what succeeded is not done again', async () => {
    peer.isBroken = true;
    const run = await client.start('breaking');
    expect(await client.untilFinished(run)).toMatchObject({ status: 'failed', checkpoint: { node_outputs: { pay: { status: 'failed' }, tell: { status: 'completed' } } } });
    peer.isBroken = false;
    expect(await ofRun(run, 'recover', { reason: 'the peer is back' })).toMatchObject({ status: 200, body: { ok: true, run: { status: 'queued', resume_reason: 'the peer is back' } } });
    await client.until(run, ({ status }) => status === 'completed');
    expect(sent(run).map(({ key }) => key)).toEqual([`${run}:pay:0`, `${run}:pay:1`]);
    expect([sent(run, 'tell').length, peer.done.get(`/broken/${run}/pay`)]).toEqual([1, 1]);
    expect(await ofRun(run, 'recover')).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_RUN_NOT_RECOVERABLE' } });
  });

  it('continue a blocked node: it alone is done again, and the run goes on', async () => {
    const run = stuck.continued;
    expect(await ofRun(run, 'tasks/end/continue')).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_TASK_NOT_BLOCKED' } });
    expect(await ofRun(run, 'tasks/pay/continue')).toMatchObject({ status: 200, body: { ok: true, node_id: 'pay', reset_nodes: ['pay'] } });
    await client.until(run, ({ status }) => status === 'completed');
    expect(sent(run)).toHaveLength(2);
  });

  it('say that an effect succeeded: the run goes on with what they say, and nothing is sent', async () => {
    const run = stuck.succeeded;
    expect(await reconcile(run, { outcome: 'succeeded', output: { seen: 'in the ledger' }, effect_id: 'another' })).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN' } });
    expect(await reconcile(run, { outcome: 'succeeded', output: { seen: 'in the ledger' } })).toMatchObject({ status: 200, body: { ok: true } });
    expect(await client.until(run, ({ status }) => status === 'completed')).toMatchObject({ checkpoint: { node_outputs: { end: { content: { seen: 'in the ledger' } } } } });
    expect(sent(run)).toHaveLength(1);
    expect(await reconcile(run, { outcome: 'failed' })).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN' } });
  });

  it('say that an effect failed: the run fails, and nothing is sent', async () => {
    const run = stuck.failed;
    expect((await reconcile(run, { outcome: 'failed', reason: 'not in the ledger' })).status).toBe(200);
    expect(await client.until(run, ({ status }) => status === 'failed')).toMatchObject({ checkpoint: { last_failure: { node_id: 'pay', kind: 'reconciled_failed', message: 'not in the ledger' } } });
    expect(sent(run)).toHaveLength(1);
  });

  it('have an effect tried once more', async () => {
    const run = stuck.retry;
    expect((await reconcile(run, { outcome: 'retry' })).status).toBe(200);
    await client.until(run, ({ status }) => status === 'completed');
    expect(sent(run)).toHaveLength(2);
  });

  it('reconcile the items of a list one by one', async () => {
    const run = stuck.list;
    expect(await reconcile(run, { outcome: 'succeeded' })).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN' } });
    expect((await reconcile(run, { item: 0, outcome: 'succeeded', output: 'paid by hand' })).status).toBe(200);
    await client.until(run, ({ status }) => status === 'blocked');
    expect((await reconcile(run, { item: 1, outcome: 'retry' })).status).toBe(200);
    const { checkpoint } = await client.until(run, ({ status }) => status === 'completed');
    expect(checkpoint.node_outputs['end']?.content).toMatchObject(['paid by hand', { status: 200 }]);
    expect([sent(run, 'pay-0').length, sent(run, 'pay-1').length]).toEqual([1, 2]);
  });
});
