import { createHmac, randomUUID } from 'node:crypto';
import type { Run } from '@cs/contracts';
import { Client, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

let system: System;
let client: Client;

const echo = (automation_id: string) => ({ automation_id, name: automation_id, status: 'active', flow: { nodes: [{ node_id: 'echo', objective: 'echo', action: { kind: 'transform', expression: 'input' } }] } });
const waiting = (automation_id: string, trigger_id: string, correlation?: string) => ({
  automation_id, name: automation_id, status: 'active',
  flow: { nodes: [{ node_id: 'paid', objective: 'wait for payment', wait: {
    kind: 'webhook', trigger_id, ...(correlation === undefined ? {} : { correlation: { field: 'provider_event_id', value: correlation } }), timeout: { expires_after_ms: 600_000, on_timeout: 'cancel' },
  } }] },
});

interface Trigger {
  readonly id: string;
  readonly path: string;
  readonly secret: string;
  readonly base: string;
}

const must = (answer: Answer): Record<string, unknown> => {
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

const createTrigger = async (automation_id: string, body: Record<string, unknown> = {}): Promise<Trigger> => {
  const created = must(await client.call('POST', `/automations/v2/${automation_id}/webhook-triggers`, { body }));
  const { trigger_id } = created['trigger'] as { trigger_id: string };
  return { id: trigger_id, path: String(created['webhook_path']), secret: String(created['signing_secret'] ?? ''), base: `/automations/v2/${automation_id}/webhook-triggers/${trigger_id}` };
};

const hexOf = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');
const sign = (secret: string, body: string, atS = Math.floor(Date.now() / 1000)): string => `t=${atS},v1=${createHmac('sha256', secret).update(`${atS}.${body}`).digest('hex')}`;
const deliver = (trigger: Trigger, event: unknown, secret = trigger.secret): Promise<Answer> => {
  const body = JSON.stringify(event);
  return client.call('POST', trigger.path, { body, headers: { 'countersign-signature': sign(secret, body) } });
};

const deliveries = async (trigger: Trigger, after?: Answer): Promise<readonly Record<string, unknown>[]> => {
  const position = after?.headers.get('countersign-position');
  const { deliveries: list } = must(await client.call('GET', `${trigger.base}/deliveries`, { headers: position ? { 'countersign-min-position': position } : {} }));
  return list as readonly Record<string, unknown>[];
};
const runsOf = async (automation_id: string): Promise<readonly Run[]> => must(await client.call('GET', `/automations/v2/${automation_id}/runs`))['runs'] as readonly Run[];

const eventually = async <Value>(read: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> => {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`it did not get there: ${JSON.stringify(value).slice(0, 1500)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const startWaiting = async (automation_id: string): Promise<string> => (must(await client.call('POST', `/automations/v2/${automation_id}/run_now`, { body: {} }))['run'] as Run).run_id;

beforeAll(async () => {
  system = await System.start({ env: { COUNTERSIGN_WEBHOOK_KEY: 'k'.repeat(43), COUNTERSIGN_SECRET_GITHUB: 'github-secret', COUNTERSIGN_SECRET_NOTION: 'notion-secret', COUNTERSIGN_SECRET_LINEAR: 'linear-secret', COUNTERSIGN_WEBHOOK_UNSIGNED: 'true' } });
  client = new Client(system.url, system.paymentsUrl);
}, 120_000);
afterAll(() => system.stop());

describe('a webhook trigger', () => {
  it('starts a run with what was delivered, once for 50 equal deliveries at a time', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('hooked') }));
    const trigger = await createTrigger('hooked', { starts_runs: true, input: { order: '{{ body.order }}', kind: '{{ event_kind }}' } });
    const answers = await Promise.all(Array.from({ length: 50 }, () => deliver(trigger, { id: 'evt-1', type: 'order.paid', order: 7 })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(answers.filter(({ body }) => body['status'] === 'accepted')).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body['delivery_id'])).size).toBe(1);
    const [run] = await eventually(() => runsOf('hooked'), (runs) => runs[0]?.status === 'completed');
    expect(run).toMatchObject({ trigger_type: 'webhook', input: { order: 7, kind: 'order.paid' }, requested_by: { kind: 'system', source: 'webhook' } });
    expect(await runsOf('hooked')).toHaveLength(1);
    const [delivery] = await eventually(() => deliveries(trigger), ([first]) => first?.['outcome'] === 'new_run' && first['repeated'] === 8);
    expect(delivery).toMatchObject({ status: 'accepted', provider_event_id: 'evt-1', idempotency_key: 'generic:evt-1', run_id: run?.run_id, repeated: 8 });
  });

  it('refuses what is not signed by its sender, records that, and starts nothing', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('guarded') }));
    const trigger = await createTrigger('guarded', { starts_runs: true });
    const forged = await deliver(trigger, { id: 'evt-1' }, 'another-secret');
    expect(forged).toMatchObject({ status: 401, body: { code: 'WEBHOOK_SIGNATURE_INVALID' } });
    expect(await client.call('POST', trigger.path, { body: {} })).toMatchObject({ status: 401 });
    expect(await client.call('POST', `/webhooks/automations/${'x'.repeat(43)}`, { body: {} })).toMatchObject({ status: 404, body: { code: 'WEBHOOK_TRIGGER_NOT_FOUND' } });
    const list = await eventually(() => deliveries(trigger), (found) => found.length === 2);
    expect(list.map(({ status, outcome, run_id }) => ({ status, outcome, run_id }))).toEqual([{ status: 'rejected', outcome: 'rejected', run_id: null }, { status: 'rejected', outcome: 'rejected', run_id: null }]);
    expect(must(await deliver(trigger, { id: 'evt-1' }))).toMatchObject({ status: 'accepted' });
    await eventually(() => runsOf('guarded'), (runs) => runs.length === 1);
  });

  it('takes bodies up to its limit', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('sized') }));
    const trigger = await createTrigger('sized');
    expect(must(await deliver(trigger, { id: 'large', text: 'x'.repeat(256 * 1024 - 100) }))).toMatchObject({ status: 'accepted' });
    expect(await deliver(trigger, { id: 'larger', text: 'x'.repeat(256 * 1024) })).toMatchObject({ status: 413, body: { code: 'WEBHOOK_TOO_LARGE' } });
  });

  it('goes on with both secrets while they overlap, has a new address after its rotation, and takes nothing while it is disabled', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('turned') }));
    const trigger = await createTrigger('turned');
    const rotated = must(await client.call('POST', `${trigger.base}/rotate_secret`, { body: { overlap_ms: 600_000 } }));
    const secret = String(rotated['signing_secret']);
    expect(secret).not.toBe(trigger.secret);
    expect([(await deliver(trigger, { id: 1 })).status, (await deliver(trigger, { id: 2 }, secret)).status]).toEqual([200, 200]);
    const last = must(await client.call('POST', `${trigger.base}/rotate_secret`, { body: { overlap_ms: 0 } }));
    expect([(await deliver(trigger, { id: 3 }, secret)).status, (await deliver(trigger, { id: 4 }, String(last['signing_secret']))).status]).toEqual([401, 200]);
    const moved = { ...trigger, secret: String(last['signing_secret']), path: String(must(await client.call('POST', `${trigger.base}/rotate_token`, { body: {} }))['webhook_path']) };
    expect([(await deliver({ ...moved, path: trigger.path }, { id: 5 })).status, (await deliver(moved, { id: 6 })).status]).toEqual([404, 200]);
    must(await client.call('POST', `${trigger.base}/disable`));
    expect(await deliver(moved, { id: 7 })).toMatchObject({ status: 409, body: { code: 'WEBHOOK_TRIGGER_DISABLED' } });
    must(await client.call('POST', `${trigger.base}/enable`));
    expect((await deliver(moved, { id: 7 })).body).toMatchObject({ status: 'accepted' });
    must(await client.call('DELETE', trigger.base));
    expect((await deliver(moved, { id: 8 })).status).toBe(404);
    const text = JSON.stringify([await client.call('GET', `${trigger.base}`), system.log('gateway'), system.log('runner')]);
    for (const shownOnce of [trigger.secret, secret, trigger.path.split('/').at(-1) ?? '', moved.path.split('/').at(-1) ?? '']) expect(text).not.toContain(shownOnce);
  });

  it('of another tenant is not there, and neither is one of another automation', async () => {
    const trigger = await createTrigger('turned');
    expect(await client.call('POST', `/automations/v2/hooked/webhook-triggers/${trigger.id}/disable`)).toMatchObject({ status: 404, body: { code: 'WEBHOOK_TRIGGER_NOT_FOUND' } });
    expect(await client.call('POST', '/automations/v2/unknown/webhook-triggers', { body: {} })).toMatchObject({ status: 404, body: { code: 'AUTOMATION_V2_NOT_FOUND' } });
  });

  it('takes what Notion signs, once for each event, and nothing else', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('pages') }));
    const trigger = await createTrigger('pages', { provider: 'notion', secret_ref: 'NOTION', starts_runs: true, input: { page: '{{ body.entity.id }}', kind: '{{ event_kind }}' } });
    const body = JSON.stringify({ id: 'evt-n-1', type: 'page.content_updated', entity: { id: 'page-7' } });
    const fromNotion = (text: string, signature = `sha256=${hexOf('notion-secret', text)}`): Promise<Answer> => client.call('POST', trigger.path, { body: text, headers: { 'x-notion-signature': signature } });
    const refused = { status: 401, body: { code: 'WEBHOOK_SIGNATURE_INVALID' } };
    expect(await fromNotion(body, `sha256=${hexOf('another', body)}`)).toMatchObject(refused);
    expect(await fromNotion(body.replace('page-7', 'page-8'), `sha256=${hexOf('notion-secret', body)}`)).toMatchObject(refused);
    expect(await fromNotion(body, hexOf('notion-secret', body))).toMatchObject(refused);
    expect(await client.call('POST', trigger.path, { body, headers: { 'linear-signature': hexOf('notion-secret', body) } })).toMatchObject(refused);
    expect(must(await fromNotion(body))).toMatchObject({ status: 'accepted' });
    expect(must(await fromNotion(body))).toMatchObject({ status: 'duplicate' });
    const [run] = await eventually(() => runsOf('pages'), (runs) => runs[0]?.status === 'completed');
    expect(run).toMatchObject({ trigger_type: 'webhook', input: { page: 'page-7', kind: 'page.content_updated' } });
    expect(await runsOf('pages')).toHaveLength(1);
    expect(await eventually(() => deliveries(trigger), (found) => found.some(({ idempotency_key }) => idempotency_key === 'notion:evt-n-1'))).toContainEqual(expect.objectContaining({ provider: 'notion', provider_event_id: 'evt-n-1', run_id: run?.run_id }));
  });

  it('takes what Linear signs at a time that is not too far away, and nothing else', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('issues') }));
    const trigger = await createTrigger('issues', { provider: 'linear', secret_ref: 'LINEAR', starts_runs: true, input: { issue: '{{ body.data.id }}', kind: '{{ event_kind }}' } });
    const textAt = (webhookTimestamp?: number): string => JSON.stringify({ type: 'Issue', action: 'create', data: { id: 'issue-7' }, webhookTimestamp });
    const fromLinear = (delivery: string, text: string, secret = 'linear-secret'): Promise<Answer> =>
      client.call('POST', trigger.path, { body: text, headers: { 'linear-signature': hexOf(secret, text), 'linear-delivery': delivery, 'linear-event': 'Issue' } });
    const refused = { status: 401, body: { code: 'WEBHOOK_SIGNATURE_INVALID' } };
    expect(await fromLinear('d-0', textAt(Date.now()), 'another')).toMatchObject(refused);
    expect(await fromLinear('d-0', textAt(Date.now() - 301_000))).toMatchObject(refused);
    expect(await fromLinear('d-0', textAt(Date.now() + 330_000))).toMatchObject(refused);
    expect(await fromLinear('d-0', textAt())).toMatchObject(refused);
    expect(must(await fromLinear('d-1', textAt(Date.now() - 240_000)))).toMatchObject({ status: 'accepted' });
    expect(must(await fromLinear('d-1', textAt(Date.now())))).toMatchObject({ status: 'duplicate' });
    const [run] = await eventually(() => runsOf('issues'), (runs) => runs[0]?.status === 'completed');
    expect(run).toMatchObject({ trigger_type: 'webhook', input: { issue: 'issue-7', kind: 'Issue' } });
    expect(await runsOf('issues')).toHaveLength(1);
  });

  it('without a signature takes what comes from this machine, where that is switched on', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('local') }));
    const trigger = await createTrigger('local', { scheme: 'unsigned_dev_mode', starts_runs: true });
    expect(trigger.secret).toBe('');
    expect(must(await client.call('POST', trigger.path, { body: { id: 'evt-1' } }))).toMatchObject({ status: 'accepted' });
    // A proxy says that it was sent from elsewhere.
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
      expect(await client.call('POST', trigger.path, { body: { id: `evt-${header}` }, headers: { [header]: 'for=203.0.113.7' } })).toMatchObject({ status: 401, body: { code: 'WEBHOOK_SIGNATURE_INVALID' } });
    }
    await eventually(() => runsOf('local'), (runs) => runs[0]?.status === 'completed');
    expect(await runsOf('local')).toHaveLength(1);
  });

  it('without a signature is refused where that is not switched on', async () => {
    const other = await System.start({ env: { COUNTERSIGN_WEBHOOK_KEY: 'k'.repeat(43) } });
    try {
      const person = new Client(other.url, other.paymentsUrl);
      must(await person.call('POST', '/automations/v2', { body: echo('local') }));
      expect(await person.call('POST', '/automations/v2/local/webhook-triggers', { body: { scheme: 'unsigned_dev_mode' } })).toMatchObject({ status: 403, body: { code: 'WEBHOOK_UNSIGNED_NOT_ALLOWED' } });
      expect(must(await person.call('GET', '/automations/v2/local/webhook-triggers'))).toMatchObject({ triggers: [] });
    } finally {
      await other.stop();
    }
  }, 120_000);

  it('takes what GitHub sends, and ignores its greeting', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('forge') }));
    const trigger = await createTrigger('forge', { provider: 'github', secret_ref: 'GITHUB', starts_runs: true });
    const fromGithub = (event: string, body: string): Promise<Answer> => client.call('POST', trigger.path, {
      body, headers: { 'x-github-event': event, 'x-github-delivery': randomUUID(), 'x-hub-signature-256': `sha256=${createHmac('sha256', 'github-secret').update(body).digest('hex')}` },
    });
    must(await fromGithub('ping', '{"zen":"Speak like a human."}'));
    must(await fromGithub('push', '{"ref":"refs/heads/main"}'));
    const [run] = await eventually(() => runsOf('forge'), (runs) => runs.length > 0);
    expect(run).toMatchObject({ input: { event_kind: 'push', body: { ref: 'refs/heads/main' } } });
    expect((await eventually(() => deliveries(trigger), (found) => found.some(({ status }) => status === 'suppressed'))).map(({ provider_event_kind, status }) => [provider_event_kind, status])).toEqual([['push', 'accepted'], ['ping', 'suppressed']]);
    expect(await runsOf('forge')).toHaveLength(1);
  });
});

describe('a webhook wait', () => {
  it('is woken by the delivery that it waits for, and by no other', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('payments') }));
    const trigger = await createTrigger('payments');
    const other = await createTrigger('payments');
    must(await client.call('POST', '/automations/v2', { body: waiting('await-payment', trigger.id, 'pay-1') }));
    const run = await startWaiting('await-payment');
    await client.until(run, ({ checkpoint }) => checkpoint.open_waits.length === 1);
    await deliver(trigger, { id: 'pay-2' });
    await deliver(other, { id: 'pay-1' });
    await deliver(trigger, { id: 'pay-1' }, 'forged');
    await deliver(trigger, { id: 'pay-1', amount: 42 });
    const finished = await client.untilFinished(run);
    expect(finished.status).toBe('completed');
    expect(finished.checkpoint.node_outputs['paid']?.content).toMatchObject({ payload: { id: 'pay-1', amount: 42 }, trigger_id: trigger.id });
    const [woke] = await eventually(() => deliveries(trigger), (found) => found.some(({ outcome }) => outcome === 'wake_run'));
    expect(woke).toMatchObject({ provider_event_id: 'pay-1', run_id: run });
  });

  it('that registers late is woken by an earlier accepted delivery', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('early') }));
    const trigger = await createTrigger('early');
    await deliver(trigger, { id: 'early-1' }, 'forged');
    const accepted = await deliver(trigger, { id: 'early-1', amount: 7 });
    must(accepted);
    must(await client.call('POST', '/automations/v2', { body: waiting('await-early', trigger.id, 'early-1') }));
    const run = await startWaiting('await-early');
    expect((await client.untilFinished(run)).checkpoint.node_outputs['paid']?.content).toMatchObject({ payload: { amount: 7 } });
  });

  it('of two is woken one by one, the oldest first, each by one delivery', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('queue') }));
    const trigger = await createTrigger('queue');
    must(await client.call('POST', '/automations/v2', { body: waiting('await-any', trigger.id) }));
    const first = await startWaiting('await-any');
    await client.until(first, ({ checkpoint }) => checkpoint.open_waits.length === 1);
    const second = await startWaiting('await-any');
    await client.until(second, ({ checkpoint }) => checkpoint.open_waits.length === 1);
    await deliver(trigger, { id: 'q-1' });
    expect((await client.untilFinished(first)).checkpoint.node_outputs['paid']?.content).toMatchObject({ payload: { id: 'q-1' } });
    expect((await client.run(second)).checkpoint.open_waits).toHaveLength(1);
    await deliver(trigger, { id: 'q-2' });
    expect((await client.untilFinished(second)).checkpoint.node_outputs['paid']?.content).toMatchObject({ payload: { id: 'q-2' } });
  });

  it('is woken also when the runner was away while the delivery came in', async () => {
    must(await client.call('POST', '/automations/v2', { body: echo('away') }));
    const trigger = await createTrigger('away');
    must(await client.call('POST', '/automations/v2', { body: waiting('await-away', trigger.id) }));
    const run = await startWaiting('await-away');
    await client.until(run, ({ checkpoint }) => checkpoint.open_waits.length === 1);
    const sending = deliver(trigger, { id: 'away-1' });
    await system.kill('observability');
    must(await sending);
    await system.kill('runner');
    await Promise.all([system.startService('runner'), system.startService('observability')]);
    expect((await client.untilFinished(run)).status).toBe('completed');
  });
});
