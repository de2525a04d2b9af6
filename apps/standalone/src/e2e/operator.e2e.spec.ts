import { jest } from '@jest/globals';
import { Client, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

describe('operators, over HTTP, every service its own process', () => {
  let system: System;
  let client: Client;

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
    await client.loadExample('refund/refund.automation.yaml');
  });
  afterAll(() => system.stop());

  const ofRun = (run: string, command: string, body: object = {}): Promise<Answer> => client.insist('POST', `/automations/v2/runs/${run}/${command}`, body);

  it('cancel a run once, and find it at its end the second time', async () => {
    const run = await client.startRefund('order-7001');
    await client.untilGate(run);
    expect(await ofRun(run, 'cancel', { reason: 'wrong order' })).toMatchObject({ status: 200, body: { ok: true, run: { status: 'cancelled', stop_kind: 'operator_stopped', stop_reason: 'wrong order' } } });
    expect(await ofRun(run, 'cancel')).toMatchObject({ status: 200, body: { ok: true, alreadyTerminal: true } });
    expect(await client.decide(run, 'approve')).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL' } });
  });

  it('preview a reset, retry a node, and get a new opening to sign', async () => {
    const run = await client.startRefund('order-7002');
    const first = (await client.untilGate(run)).checkpoint.awaiting_gate;
    const preview = await client.call('GET', `/automations/v2/runs/${run}/tasks/look_up/reset_preview`);
    expect(preview).toMatchObject({ status: 200, body: { node_id: 'look_up', preserves_upstream_outputs: true } });
    const retried = await ofRun(run, 'tasks/look_up/retry');
    expect(retried).toMatchObject({ status: 200, body: { ok: true, node_id: 'look_up', reset_nodes: preview.body['reset_nodes'] } });
    const again = await client.until(run, ({ checkpoint }) => checkpoint.awaiting_gate !== undefined && checkpoint.awaiting_gate.gate_opening_id !== first?.gate_opening_id);
    expect(again.checkpoint.gate_history).toEqual([]);
    await client.decide(run, 'approve');
    expect((await client.untilFinished(run)).status).toBe('completed');
    expect((await client.ledger('order-7002')).count).toBe(1);
  });

  it('repair a step, which edits the automation', async () => {
    const run = await client.startRefund('order-7003');
    const gate = (await client.untilGate(run)).checkpoint.awaiting_gate;
    const repaired = await ofRun(run, 'repair', { node_id: 'look_up', prompt: 'Look twice' });
    expect(repaired).toMatchObject({ status: 200, body: { ok: true, node_id: 'look_up', automation: { automation_id: 'refund-order' } } });
    await client.until(run, ({ checkpoint }) => checkpoint.awaiting_gate !== undefined && checkpoint.awaiting_gate.gate_opening_id !== gate?.gate_opening_id);
    expect(JSON.stringify((await client.call('GET', '/automations/v2/refund-order')).body)).toContain('Look twice');
  });

  it('pause an automation, which starts nothing, and resume it', async () => {
    expect(await client.insist('POST', '/automations/v2/refund-order/pause', { reason: 'audit' })).toMatchObject({ status: 200, body: { ok: true, automation: { status: 'paused' } } });
    expect(await client.insist('POST', '/automations/v2/refund-order/run_now', { input: { order_id: 'order-7004' } })).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_NOT_RUNNABLE' } });
    expect(await client.insist('POST', '/automations/v2/refund-order/resume', {})).toMatchObject({ status: 200, body: { ok: true, automation: { status: 'active' } } });
    const run = await client.startRefund('order-7005');
    expect((await client.untilGate(run)).status).toBe('awaiting_approval');
  });

  it('pause an automation while its run pays: the run is paused, and pays once after both are resumed', async () => {
    const run = await client.startRefund('order-7007');
    await client.untilGate(run);
    await client.fault({ operation: 'refund', mode: 'hang_after', times: 1 });
    await client.decide(run, 'approve');
    await client.untilHanging();
    await client.insist('POST', '/automations/v2/refund-order/pause', {});
    await client.until(run, ({ status }) => status === 'paused');
    await client.clearFaults();
    expect((await ofRun(run, 'resume')).status).toBe(200);
    await client.until(run, (held) => held.status === 'queued' && held.scheduler?.queue_reason === 'automation_paused');
    await client.insist('POST', '/automations/v2/refund-order/resume', {});
    expect((await client.untilFinished(run)).status).toBe('completed');
    expect((await client.ledger('order-7007')).count).toBe(1);
  });

  it('are refused with a code where the status does not allow it, and for what is not there', async () => {
    const run = await client.startRefund('order-7006');
    await client.untilGate(run);
    expect(await ofRun(run, 'pause')).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_RUN_NOT_PAUSABLE' } });
    expect(await ofRun(run, 'resume')).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_RUN_NOT_PAUSED' } });
    expect(await ofRun(run, 'recover')).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_RUN_NOT_RECOVERABLE' } });
    expect(await ofRun(run, 'tasks/nobody/retry')).toMatchObject({ status: 404, body: { code: 'AUTOMATION_V2_TASK_NODE_NOT_FOUND' } });
    expect(await ofRun(run, 'tasks/%20/retry')).toMatchObject({ status: 400, body: { code: 'AUTOMATION_V2_TASK_NODE_REQUIRED' } });
    expect(await ofRun('automation-v2-run-none', 'cancel')).toMatchObject({ status: 404, body: { code: 'AUTOMATION_V2_RUN_NOT_FOUND' } });
  });

  it('delete an automation, which is not there any more', async () => {
    expect(await client.call('DELETE', '/automations/v2/refund-order')).toMatchObject({ status: 200, body: { ok: true, deleted: true, automationID: 'refund-order' } });
    expect(await client.insist('POST', '/automations/v2/refund-order/run_now', {})).toMatchObject({ status: 404 });
  });
});
