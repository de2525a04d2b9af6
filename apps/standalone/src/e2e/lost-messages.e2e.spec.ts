import { jest } from '@jest/globals';
import type { AutomationRecord, Run } from '@cs/contracts';
import { connectNats } from '@cs/jetstream';
import { DeliverPolicy, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

const sweepMs = 500;
/** Long enough for everything to be set up before the first is due. */
const dueMs = 8000;
const done = { node_id: 'done', objective: 'done', action: { kind: 'transform', expression: '1' } };
const timer = (delay_ms: number) => ({ node_id: 'sleep', objective: 'sleep', wait: { kind: 'timer', delay_ms } });
const gate = (extra: object = {}) => ({ node_id: 'sign', objective: 'Go?', gate: { required: true, ...extra } });
const active = (automation_id: string, nodes: readonly unknown[], extra: object = {}) => ({ automation_id, name: automation_id, status: 'active', flow: { nodes }, ...extra });

describe('what the sweeps repair', () => {
  let system: System;
  let client: Client;
  let nc: NatsConnection;
  let jsm: JetStreamManager;

  beforeAll(async () => {
    system = await System.start({ env: { RUNNER_SWEEP_MS: String(sweepMs) } });
    client = new Client(system.url, system.paymentsUrl);
    nc = await connectNats({ url: system.natsUrl, name: 'e2e' });
    jsm = await jetstreamManager(nc);
  });
  afterAll(async () => {
    await nc.close();
    await system.stop();
  });

  const repairs = async (): Promise<Readonly<Record<string, number>>> => {
    const text = await system.metrics('runner');
    return Object.fromEntries([...text.matchAll(/^countersign_runner_sweep_repairs_total\{.*?kind="(\w+)".*?\} (\d+)$/gm)].map(([, kind, count]) => [kind, Number(count)]));
  };
  const isHeld = (run: Run): boolean => run.status === 'queued' && run.scheduler !== undefined;
  const runsOf = async (id: string): Promise<readonly Run[]> => (await client.call('GET', `/automations/v2/${id}/runs?limit=200`)).body['runs'] as readonly Run[];
  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    for (let look = 0; look < 600; look += 1) {
      if (await condition()) return;
      await delay(50);
    }
    throw new Error(`it did not come to that: ${condition.toString()}`);
  };
  const must = async (method: string, route: string, body: unknown = {}): Promise<void> => {
    const answer = await client.insist(method, route, body);
    if (answer.status !== 200) throw new Error(`${route}: ${JSON.stringify(answer.body)}`);
  };

  it('timers that a power cut took: of waits, of gates, of held runs and of schedules', async () => {
    await client.define(active('sleeper', [timer(dueMs)]));
    await client.define(active('gated', [gate({ expiry_policy: { expires_after_ms: dueMs, on_expiry: 'cancel' } })]));
    await client.define(active('rated', [done], { execution: { rate_limit: { max_runs: 1, per_ms: dueMs } } }));
    await client.define(active('ticking', [done], { schedule: { type: 'interval', interval_seconds: dueMs / 1000, misfire_policy: 'run_once' } }));
    const [sleeper, gated, first, second] = await Promise.all(['sleeper', 'gated', 'rated', 'rated'].map((id) => client.start(id)));
    await client.until(sleeper ?? '', ({ status }) => status === 'paused');
    await client.until(gated ?? '', ({ status }) => status === 'awaiting_approval');
    await until(async () => (await Promise.all([first, second].map((id) => client.run(id ?? '')))).filter(isHeld).length === 1);
    await until(async () => ((await client.call('GET', '/automations/v2/ticking')).body['automation'] as Partial<AutomationRecord> | undefined)?.next_fire_at_ms !== undefined);
    expect(await runsOf('ticking')).toEqual([]);
    expect((await jsm.streams.info('CS_TIMERS')).state.messages).toBeGreaterThan(3);
    await jsm.streams.purge('CS_TIMERS');
    expect((await jsm.streams.info('CS_TIMERS')).state.messages).toBe(0);

    expect((await client.untilFinished(sleeper ?? '')).status).toBe('completed');
    expect((await client.untilFinished(gated ?? '')).status).toBe('cancelled');
    for (const id of [first, second]) expect((await client.untilFinished(id ?? '')).status).toBe('completed');
    await until(async () => (await runsOf('ticking')).length > 0);
    await must('PATCH', '/automations/v2/ticking', { status: 'paused' });
    const seen = await repairs();
    expect(seen['wait']).toBeGreaterThanOrEqual(2);
    expect(seen['held_run']).toBeGreaterThanOrEqual(1);
    expect(seen['schedule']).toBeGreaterThanOrEqual(1);
  });

  /** What happens meanwhile, the consumers never hear of. */
  const losing = async (durables: readonly string[], change: () => Promise<void>): Promise<void> => {
    const configs = await Promise.all(durables.map(async (durable) => (await jsm.consumers.info('CS_LOG', durable)).config));
    for (const durable of durables) await jsm.consumers.pause('CS_LOG', durable, new Date(Date.now() + 600_000));
    await change();
    await system.kill('runner');
    for (const { durable_name = '', filter_subjects = [], ack_policy, ack_wait = 0, max_deliver = -1, max_ack_pending = 1000 } of configs) {
      await jsm.consumers.delete('CS_LOG', durable_name);
      await jsm.consumers.add('CS_LOG', { durable_name, filter_subjects, ack_policy, ack_wait, max_deliver, max_ack_pending, deliver_policy: DeliverPolicy.New });
    }
    await system.startService('runner');
  };

  it('runs of an automation that is active again, or deleted, and parents and children, of which nobody heard', async () => {
    await client.define(active('resumed', [timer(1500)]));
    await client.define(active('deleted', [timer(1500)]));
    await client.define(active('child', [gate()]));
    await client.define(active('parent', [{ node_id: 'call', objective: 'call', action: { kind: 'automation', automation_id: 'child' } }]));
    const [resumed = '', deleted = '', told = '', over = ''] = await Promise.all(['resumed', 'deleted', 'parent', 'parent'].map((id) => client.start(id)));
    for (const id of ['resumed', 'deleted']) await must('POST', `/automations/v2/${id}/pause`);
    for (const id of [resumed, deleted]) await client.until(id, isHeld);
    await until(async () => (await runsOf('child')).filter(({ status }) => status === 'awaiting_approval').length === 2);
    const children = await runsOf('child');
    const childOf = (id: string): string => children.find(({ parent }) => parent?.run_id === id)?.run_id ?? 'none';

    await losing(['runner--automation-status', 'runner--ended-runs'], async () => {
      await must('POST', '/automations/v2/resumed/resume');
      await must('DELETE', '/automations/v2/deleted');
      await must('POST', `/automations/v2/runs/${childOf(told)}/cancel`);
      await must('POST', `/automations/v2/runs/${over}/cancel`);
      expect([(await client.run(resumed)).status, (await client.run(told)).status]).toEqual(['queued', 'paused']);
    });

    expect((await client.untilFinished(resumed)).status).toBe('completed');
    expect(await client.untilFinished(deleted)).toMatchObject({ status: 'cancelled', stop_reason: 'automation "deleted" was deleted while it was paused' });
    expect(await client.untilFinished(told)).toMatchObject({ status: 'failed', checkpoint: { last_failure: { kind: 'child_run_cancelled' } } });
    expect((await client.untilFinished(childOf(over))).status).toBe('cancelled');
    expect(await repairs()).toMatchObject({ held_run: 2, child_wait: 1, orphan_run: 1 });
  });
});
