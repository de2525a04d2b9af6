import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalRequest, Run, StatefulEvent } from '@cs/contracts';
import { connectNats } from '@cs/jetstream';
import { jetstreamManager } from '@nats-io/jetstream';
import { Client, shortTypes, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

/** A gate may be settled so late. */
const punctualMs = 1000;

describe('gates that nobody decides, on real servers', () => {
  let system: System;
  let client: Client;

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
  });
  afterAll(() => system.stop());

  const open = async (automation_id: string, expiry_policy: Record<string, unknown>): Promise<Run> => {
    await client.define({
      automation_id, name: automation_id, status: 'active',
      flow: { nodes: [{ node_id: 'check', objective: 'check', action: { kind: 'transform', expression: '1' } }, { node_id: 'sign', objective: 'Sign?', depends_on: ['check'], gate: { required: true, rework_targets: ['check'], expiry_policy } }] },
    });
    return await client.untilGate(await client.start(automation_id));
  };
  const gateOf = ({ checkpoint: { awaiting_gate } }: Run) => {
    if (awaiting_gate?.expires_at_ms === undefined) throw new Error('no gate with a time is open');
    return { ...awaiting_gate, expires_at_ms: awaiting_gate.expires_at_ms };
  };
  const decideOnce = (run_id: string, decision = 'approve'): Promise<Answer> => client.call('POST', `/automations/v2/runs/${run_id}/gate`, { body: { decision } });
  const inbox = async (run_id: string): Promise<ApprovalRequest | undefined> =>
    ((await client.call('GET', '/approvals/pending?limit=500')).body['approvals'] as readonly ApprovalRequest[]).find((request) => request.run_id === run_id);
  const keyOf = (request: ApprovalRequest | undefined): string => String((request?.surface_payload as Record<string, unknown> | undefined)?.['notification_key']);
  const named = async (run_id: string, type: string): Promise<readonly StatefulEvent[]> => (await client.timeline(run_id)).filter(({ event_type }) => event_type.endsWith(type));
  const until = async <Value>(read: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> => {
    for (const deadline = Date.now() + 30_000; ; await delay(50)) {
      const value = await read();
      if (holds(value)) return value;
      if (Date.now() > deadline) throw new Error(`it did not get there: ${JSON.stringify(value)}`);
    }
  };
  const till = (at_ms: number): Promise<void> => delay(Math.max(0, at_ms - Date.now()));

  it('cancel their run within a second of their time; whoever decides late is told that they expired', async () => {
    const run = await open('cancels', { expires_after_ms: 1200 });
    const { expires_at_ms } = gateOf(run);
    expect(await inbox(run.run_id)).toMatchObject({ expires_at_ms, surface_payload: { expiry_policy: { expires_after_ms: 1200, on_expiry: 'cancel' } } });
    const ended = await client.untilFinished(run.run_id);
    expect(ended).toMatchObject({ status: 'cancelled', stop_kind: 'cancelled', stop_reason: 'gate "sign" expired', checkpoint: { gate_history: [{ decision: 'expired', decided_by: { kind: 'system', source: 'automation_gate_expiry' } }] } });
    const [expired, ...more] = await named(run.run_id, 'approval_gate_expired');
    expect([more, expired?.actor]).toEqual([[], { kind: 'system', source: 'runner' }]);
    expect((expired?.occurred_at_ms ?? 0) - expires_at_ms).toBeGreaterThanOrEqual(0);
    expect((expired?.occurred_at_ms ?? 0) - expires_at_ms).toBeLessThan(punctualMs);
    expect(await decideOnce(run.run_id)).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', currentStatus: 'cancelled', winningDecision: { node_id: 'sign', decision: 'expired' } } });
    expect(await inbox(run.run_id)).toBeUndefined();
    expect((await client.call('GET', `/automations/v2/runs/${run.run_id}/waits`)).body['waits']).toMatchObject([{ wait_kind: 'approval', status: 'cancelled', reason: 'decision:expired' }]);
  });

  it('are settled within a second of the runner\'s return; before that a decision is refused, because their time is over', async () => {
    const run = await open('runner-down', { expires_after_ms: 1500 });
    await delay(300);
    await system.kill('runner');
    await till(gateOf(run).expires_at_ms + 50);
    expect(await decideOnce(run.run_id)).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_GATE_EXPIRED', nodeID: 'sign' } });
    expect((await client.run(run.run_id)).status).toBe('awaiting_approval');
    await system.startService('runner');
    const backAt = Date.now();
    expect((await client.untilFinished(run.run_id)).status).toBe('cancelled');
    const [expired, ...more] = await named(run.run_id, 'approval_gate_expired');
    expect(more).toEqual([]);
    expect((expired?.occurred_at_ms ?? Infinity) - backAt).toBeLessThan(punctualMs);
  });

  it('ask again and ask the next, as the inbox shows, and can still be decided', async () => {
    const run = await open('asks', { expires_after_ms: 1500, on_expiry: 'escalate', escalate_to: ['lead', 'head'], remind_every_ms: 1000 });
    const { expires_at_ms } = gateOf(run);
    const keyed = (part: string) => until(() => inbox(run.run_id), (request) => keyOf(request).includes(part));
    expect((await keyed(':reminder:1'))?.expires_at_ms).toBe(expires_at_ms);
    const escalated = await keyed(':escalated:1');
    expect(escalated?.expires_at_ms).toBeGreaterThanOrEqual(expires_at_ms + 1500);
    expect(escalated?.surface_payload).toMatchObject({ gate_policy_state: { escalations: 1, escalated_to: 'lead' } });
    await keyed(':escalated:2');
    expect((await decideOnce(run.run_id)).status).toBe(200);
    expect((await client.untilFinished(run.run_id)).status).toBe('completed');
    for (const type of ['approval_gate_escalated', 'approval_gate_reminder_due']) expect((await named(run.run_id, type))[0]?.actor).toEqual({ kind: 'system', source: 'runner' });
  });

  it('only remind where they say so, and go on where they say so', async () => {
    const reminded = await open('reminds', { expires_after_ms: 800, on_expiry: 'remind' });
    const asked = await until(() => inbox(reminded.run_id), (request) => keyOf(request).endsWith(':reminder:1'));
    expect(asked?.surface_payload).toMatchObject({ gate_policy_state: { reminder_count: 1, expired_reminder: true } });
    expect((await decideOnce(reminded.run_id)).status).toBe(200);
    const resumed = await client.untilFinished((await open('resumes', { expires_after_ms: 800, on_expiry: 'resume' })).run_id);
    expect(resumed).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { sign: { content: { decision: 'timeout_resume' } } } } });
  });

  it('that were sent back for rework have their whole time again, and the timer of before does nothing', async () => {
    const run = await open('reworks', { expires_after_ms: 2500 });
    const first = gateOf(run);
    await till(first.requested_at_ms + 1500);
    expect((await decideOnce(run.run_id, 'rework')).status).toBe(200);
    const again = gateOf(await client.until(run.run_id, ({ status, checkpoint }) => status === 'awaiting_approval' && checkpoint.awaiting_gate?.gate_opening_id !== first.gate_opening_id));
    expect(again.expires_at_ms).toBe(again.requested_at_ms + 2500);
    await till(first.expires_at_ms + 500);
    expect(gateOf(await client.run(run.run_id)).gate_opening_id).toBe(again.gate_opening_id);
    const ended = await client.untilFinished(run.run_id);
    expect(ended.checkpoint.gate_history.map(({ decision }) => decision)).toEqual(['rework', 'expired']);
    const [expired] = await named(run.run_id, 'approval_gate_expired');
    expect((expired?.occurred_at_ms ?? 0) - again.expires_at_ms).toBeGreaterThanOrEqual(0);
    expect((expired?.occurred_at_ms ?? 0) - again.expires_at_ms).toBeLessThan(punctualMs);
  });

  it('are found by the sweep when their timer was lost', async () => {
    const run = await open('lost', { expires_after_ms: 2500 });
    const nc = await connectNats({ url: system.natsUrl, name: 'e2e' });
    const { purged } = await (await jetstreamManager(nc)).streams.purge('CS_TIMERS', { filter: `cs.timer.pending.*.*.${run.run_id}.>` });
    await nc.close();
    expect(purged).toBe(1);
    await till(gateOf(run).expires_at_ms + punctualMs);
    expect((await client.run(run.run_id)).status).toBe('awaiting_approval');
    expect((await client.untilFinished(run.run_id)).status).toBe('cancelled');
    expect(system.log('runner')).toContain('ending an overdue wait');
    expect(shortTypes(await client.timeline(run.run_id)).filter((type) => type === 'approval_gate_expired')).toHaveLength(1);
  });

  it('leave an audit chain that holds', async () => {
    expect((await client.call('GET', '/audit/ledger/manifest')).body).toMatchObject({ verified: true });
  });
});
