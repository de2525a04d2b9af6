import { jest } from '@jest/globals';
import { Client, shortTypes } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(120_000);

describe('the main job, every service its own process', () => {
  let system: System;
  let client: Client;

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
    await client.loadExample('refund/refund.automation.yaml');
    await client.loadExample('countdown/countdown.automation.yaml');
  });
  afterAll(() => system.stop());

  it('stops for a signature, pays once after approval, and tells its lifecycle in order', async () => {
    const run = await client.startRefund('order-3001');
    const waiting = await client.untilGate(run);
    expect(waiting.checkpoint.awaiting_gate?.title).toMatch(/^Refund [\d,.]+ EUR to /);
    expect((await client.ledger('order-3001')).count).toBe(0);
    const decided = await client.decide(run, 'approve');
    expect(decided.status).toBe(200);
    expect(decided.headers.get('countersign-position')).toMatch(/^\d+$/);
    expect((await client.untilFinished(run)).status).toBe('completed');
    expect((await client.ledger('order-3001')).count).toBe(1);
    const events = await client.timeline(run);
    expect(events.map((event) => event.seq)).toEqual(events.map((_event, index) => index + 1));
    expect(shortTypes(events)).toEqual([
      'run_created', 'run_execution_claimed', 'node_started', 'node_completed', 'approval_gate_opened', 'approval_gate_decided', 'node_completed',
      'run_execution_claimed', 'policy_approval_used', 'node_started', 'node_completed', 'node_started', 'node_completed', 'run_completed',
    ]);
  });

  it('pays nothing after cancel', async () => {
    const run = await client.startRefund('order-3002');
    await client.untilGate(run);
    expect((await client.decide(run, 'cancel')).status).toBe(200);
    expect(await client.untilFinished(run)).toMatchObject({ status: 'cancelled', stop_kind: 'cancelled' });
    expect((await client.ledger('order-3002')).count).toBe(0);
  });

  it('goes back after rework, asks again with a new opening, and pays after the second signature', async () => {
    const run = await client.startRefund('order-3003');
    const first = (await client.untilGate(run)).checkpoint.awaiting_gate?.gate_opening_id;
    await client.decide(run, 'rework');
    const second = await client.until(run, ({ checkpoint }) => checkpoint.awaiting_gate !== undefined && checkpoint.awaiting_gate.gate_opening_id !== first);
    expect(second.checkpoint.gate_history).toHaveLength(1);
    const stale = await client.call('POST', `/automations/v2/runs/${run}/gate`, { body: { decision: 'approve', gate_opening_id: first } });
    expect(stale).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED' } });
    await client.decide(run, 'approve');
    expect((await client.untilFinished(run)).status).toBe('completed');
    expect((await client.ledger('order-3003')).count).toBe(1);
  });

  it('answers the inbox with what will happen, and empties it after the decision', async () => {
    const run = await client.startRefund('order-3004');
    await client.untilGate(run);
    const { body } = await client.call('GET', '/approvals/pending');
    expect(body['approvals']).toEqual([expect.objectContaining({ run_id: run, workflow_name: 'Refund an order', decisions: ['approve', 'rework', 'cancel'] })]);
    const { headers } = await client.decide(run, 'cancel');
    const after = await client.call('GET', '/approvals/pending', { headers: { 'countersign-min-position': headers.get('countersign-position') ?? '' } });
    expect(after.body['count']).toBe(0);
  });

  it('takes the money once when the service hangs after paying and the runner is killed at that moment', async () => {
    await client.fault({ operation: 'refund', mode: 'hang_after', times: 1 });
    const run = await client.startRefund('order-3005');
    await client.untilGate(run);
    await client.decide(run, 'approve');
    await client.untilHanging();
    await system.kill('runner');
    await client.clearFaults();
    await system.startService('runner');
    expect((await client.untilFinished(run)).status).toBe('completed');
    expect((await client.ledger('order-3005')).count).toBe(1);
    expect(shortTypes(await client.timeline(run))).toContain('run_execution_claim_expired_requeued');
  });

  it('retries a payment that failed before and after taking the money, and pays once', async () => {
    await client.fault({ operation: 'refund', mode: 'fail_before', status: 503, times: 1 });
    await client.fault({ operation: 'refund', mode: 'fail_after', status: 500, times: 1 });
    const run = await client.startRefund('order-3006');
    await client.untilGate(run);
    await client.decide(run, 'approve');
    expect((await client.untilFinished(run)).status).toBe('completed');
    expect((await client.ledger('order-3006')).count).toBe(1);
    expect(shortTypes(await client.timeline(run)).filter((type) => type === 'node_retry_backoff_scheduled')).toHaveLength(2);
  });

  it('wakes a timer and joins parallel branches', async () => {
    const { body } = await client.insist('POST', '/automations/v2/countdown/run_now', { input: {} });
    const { run_id } = body['run'] as { run_id: string };
    await client.until(run_id, (run) => run.status === 'paused');
    expect((await client.untilFinished(run_id)).status).toBe('completed');
  });

  it('answers the same run for the same Idempotency-Key', async () => {
    const request = { body: { input: { order_id: 'order-3007' } }, headers: { 'idempotency-key': 'once-3007' } };
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.call('POST', '/automations/v2/refund-order/run_now', request)));
    expect(new Set(answers.map(({ body }) => (body['run'] as { run_id: string }).run_id)).size).toBe(1);
  });

  it('verifies the audit chain, which names who allowed what', async () => {
    const { body } = await client.call('GET', '/audit/ledger/manifest');
    expect(body).toMatchObject({ verified: true });
    expect(body['records']).toBeGreaterThan(5);
  });

  it('hands runs back when the runner is told to stop, with exit code 0', async () => {
    await client.fault({ operation: 'refund', mode: 'slow', delay_ms: 800, times: 1 });
    const run = await client.startRefund('order-3008');
    await client.untilGate(run);
    await client.decide(run, 'approve');
    expect(await system.terminate('runner')).toBe(0);
    await system.startService('runner');
    expect((await client.untilFinished(run)).status).toBe('completed');
    expect((await client.ledger('order-3008')).count).toBe(1);
  });
});
