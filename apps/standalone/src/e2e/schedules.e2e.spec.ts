import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { AutomationRecord, HandoffLists, HandoffRecord, Run, ScheduleEvent } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import { natsWriteProxy, type NatsWriteProxy } from '@cs/testing';
import { Client } from './client.fixture.js';
import { foldRuns, readLog } from './log.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(300_000);

const flow = { nodes: [{ node_id: 'work', objective: 'work', action: { kind: 'transform', expression: 'input' } }] };
const every = (automation_id: string, interval_seconds: number, extra: object = {}) => ({
  automation_id, name: automation_id, status: 'active', schedule: { type: 'interval', interval_seconds, misfire_policy: 'run_once', ...extra }, flow,
});

const schedulesIn = (entries: readonly LogEntry[], id: string): readonly ScheduleEvent[] =>
  entries.filter(({ ref }) => ref.aggregate === 'schedule' && ref.id === id).flatMap(({ stored }) => (stored?.commit.events ?? []) as unknown as readonly ScheduleEvent[]);
const firesIn = (entries: readonly LogEntry[], id: string) => schedulesIn(entries, id).flatMap((event) => (event.event_type === 'schedule_fired' ? [event.data] : []));

describe('runs that start by themselves', () => {
  let system: System;
  let client: Client;
  let proxy: NatsWriteProxy;

  beforeAll(async () => {
    system = await System.start();
    proxy = await natsWriteProxy(Number(new URL(system.natsUrl).port));
    client = new Client(system.url, system.paymentsUrl);
  });
  afterAll(async () => {
    await system.stop();
    await proxy.close();
  });

  /** Empty while the projection does not have it yet. */
  const automation = async (id: string): Promise<Partial<AutomationRecord>> => ((await client.call('GET', `/automations/v2/${id}`)).body['automation'] ?? {}) as Partial<AutomationRecord>;
  const runsOf = async (id: string): Promise<readonly Run[]> => (await client.call('GET', `/automations/v2/${id}/runs?limit=200`)).body['runs'] as readonly Run[];
  const until = async <Value>(read: () => Promise<Value>, condition: (value: Value) => boolean, timeoutMs = 30_000): Promise<Value> => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const value = await read();
      if (condition(value)) return value;
      if (Date.now() > deadline) throw new Error(`it did not come to that: ${JSON.stringify(value).slice(0, 2000)}`);
      await delay(50);
    }
  };

  it('an interval schedule fires within a second of its times, aligned, until the automation is paused', async () => {
    await client.define(every('ticking', 1));
    const { next_fire_at_ms: first = 0 } = await until(() => automation('ticking'), ({ next_fire_at_ms }) => next_fire_at_ms !== undefined);
    const runs = await until(() => runsOf('ticking'), (found) => found.filter(({ status }) => status === 'completed').length >= 4);
    expect(runs.every(({ trigger_type, trigger_reason }) => trigger_type === 'scheduled' && trigger_reason?.includes('due at') === true)).toBe(true);
    expect((await automation('ticking')).last_fired_at_ms).toBeGreaterThanOrEqual(first);
    await client.insist('PATCH', '/automations/v2/ticking', { status: 'paused' });
    await until(() => automation('ticking'), ({ next_fire_at_ms }) => next_fire_at_ms === undefined);

    const entries = await readLog(system.natsUrl);
    const fires = firesIn(entries, 'ticking');
    const folded = foldRuns(entries);
    for (const { due_at_ms, fired_at_ms, run_ids } of fires) {
      expect((due_at_ms - first) % 1000).toBe(0);
      expect(fired_at_ms - due_at_ms).toBeLessThan(1000);
      expect(run_ids.map((id) => folded.has(id))).toEqual([true]);
    }
    await delay(1500);
    expect(firesIn(await readLog(system.natsUrl), 'ticking')).toHaveLength(fires.length);
  });

  it('run_now and a fire of the schedule at one moment: each makes its own run, once', async () => {
    await client.define(every('contested', 1));
    const { next_fire_at_ms: first = 0 } = await until(() => automation('contested'), ({ next_fire_at_ms }) => next_fire_at_ms !== undefined);
    const soon = first + Math.ceil(Math.max(0, Date.now() + 500 - first) / 1000) * 1000;
    const asked = await Promise.all(Array.from({ length: 5 }, async (_none, n) => {
      await delay(Math.max(0, soon + n * 1000 - Date.now()));
      return (await client.call('POST', '/automations/v2/contested/run_now', { body: {} })).body as { run: Run };
    }));
    const ids = asked.map(({ run }) => run.run_id);
    // Without its schedule it is still active: what is queued goes on.
    await client.insist('PATCH', '/automations/v2/contested', { schedule: null });
    await until(() => automation('contested'), ({ next_fire_at_ms }) => next_fire_at_ms === undefined);
    const entries = await readLog(system.natsUrl);
    const fires = firesIn(entries, 'contested');
    const due = fires.map(({ due_at_ms }) => due_at_ms);
    expect(new Set(due).size).toBe(due.length);
    const fired = fires.flatMap(({ run_ids }) => run_ids);
    const runs = await until(() => runsOf('contested'), (found) => found.length === ids.length + fired.length && found.every(({ status }) => status === 'completed'));
    expect(runs.map(({ run_id }) => run_id).sort()).toEqual([...ids, ...fired].sort());
    expect(runs.filter(({ trigger_type }) => trigger_type === 'manual').map(({ run_id }) => run_id).sort()).toEqual([...ids].sort());
  });

  it('misfires of a skipping schedule create no run (W17), and it goes on aligned', async () => {
    await client.define(every('skipping', 2, { misfire_policy: 'skip' }));
    await client.define(every('catching-up', 2, { misfire_policy: { type: 'catch_up', max_runs: 2 } }));
    await until(() => runsOf('skipping'), (found) => found.length > 0);
    await system.kill('runner');
    await delay(7000);
    await system.startService('runner');
    const missed = await until(async () => schedulesIn(await readLog(system.natsUrl), 'skipping').filter((event) => event.event_type === 'schedule_skipped' && event.data.reason === 'misfire_skip'), (found) => found.length > 0);
    expect(missed[0]).toMatchObject({ data: { missed: expect.any(Number) as number } });
    const caughtUp = firesIn(await readLog(system.natsUrl), 'catching-up').filter(({ missed: count }) => count > 0);
    expect(caughtUp[0]?.run_ids).toHaveLength(2);
    for (const id of ['skipping', 'catching-up']) {
      const events = schedulesIn(await readLog(system.natsUrl), id).flatMap((event) => (event.event_type === 'schedule_fired' || event.event_type === 'schedule_skipped' ? [event.data.due_at_ms] : []));
      for (const due of events) expect((due - (events[0] ?? 0)) % 2000).toBe(0);
      await client.insist('PATCH', `/automations/v2/${id}`, { status: 'paused' });
    }
  });

  it('two runners: each fire exactly once, also when one is killed between the fire and its run', async () => {
    const start = () => system.startService('runner', { as: 'runner-2', env: { NATS_URL: `nats://127.0.0.1:${proxy.port}` } });
    await start();
    const ids = Array.from({ length: 8 }, (_none, index) => `crowded-${index}`);
    for (const id of ids) await client.define(every(id, 1));
    let kills = 0;
    for (let write = 1; write <= 6; write += 1) {
      await new Promise<void>((resolve) => {
        proxy.arm({ write, when: write % 2 === 0 ? 'before' : 'after' }, () => {
          system.killNow('runner-2');
          resolve();
        });
      });
      kills += 1;
      await system.kill('runner-2');
      await start();
    }
    expect(kills).toBe(6);
    // However quickly the kills came: a fire is skipped while the run of the one before it is still to be done.
    await until(async () => {
      const entries = await readLog(system.natsUrl);
      return ids.filter((id) => firesIn(entries, id).length <= 3);
    }, (few) => few.length === 0, 60_000);
    // Not paused: that would hold the run of the last fire.
    for (const id of ids) await client.insist('PATCH', `/automations/v2/${id}`, { schedule: { type: 'manual' } });
    for (const id of ids) await until(() => runsOf(id), (runs) => runs.length > 0 && runs.every((run) => 'finished_at_ms' in run));
    await until(async () => {
      const entries = await readLog(system.natsUrl);
      const runs = foldRuns(entries);
      return ids.flatMap((id) => firesIn(entries, id)).flatMap(({ run_ids }) => run_ids).filter((id) => !runs.has(id));
    }, (missing) => missing.length === 0);

    const entries = await readLog(system.natsUrl);
    const folded = [...foldRuns(entries).values()];
    for (const id of ids) {
      const due = firesIn(entries, id).flatMap(({ due_times_ms }) => due_times_ms);
      expect(new Set(due).size).toBe(due.length);
      expect(due.length).toBeGreaterThan(3);
      expect(folded.filter((run) => run.automation_id === id)).toHaveLength(due.length);
    }
    expect((await client.call('GET', '/dead-letters')).body).toMatchObject({ count: 0 });
  });

  it('a handoff starts one run of the automation that watches for it', async () => {
    await client.define({ automation_id: 'watcher', name: 'Watcher', status: 'active', watch_conditions: [{ artifact_type: 'order' }], flow });
    const deposit = (body: object) => client.insist('POST', '/automations/v2/watcher/handoffs', body);
    const answer = await deposit({ artifact_type: 'order', sourceAutomationId: 'ticking', content_path: 'out/order.json', metadata: { camelCase: 1 } });
    expect(answer.body).toMatchObject({ ok: true, handoff: { status: 'approved', target_automation_id: 'watcher', source_automation_id: 'ticking', metadata: { camelCase: 1 } } });
    const { handoff_id } = answer.body['handoff'] as HandoffRecord;
    const [run] = await until(() => runsOf('watcher'), (found) => found.some(({ status }) => status === 'completed'));
    expect(run).toMatchObject({ trigger_type: 'watch_condition', consumed_handoff_id: handoff_id, effective_execution_profile: 'strict', trigger_reason: `handoff ${handoff_id} (order) from ticking` });
    expect(run?.checkpoint.node_outputs['work']?.content).toMatchObject({ handoff: { handoff_id, content_path: 'out/order.json' } });

    await Promise.all(Array.from({ length: 10 }, () => deposit({ artifact_type: 'order' })));
    await deposit({ artifact_type: 'other' });
    const lists = async () => (await client.call('GET', '/automations/v2/watcher/handoffs')).body as unknown as HandoffLists & { automationID: string };
    const settled = await until(lists, ({ counts }) => counts.archived === 11, 60_000);
    expect(settled).toMatchObject({ automationID: 'watcher', counts: { inbox: 0, approved: 1, archived: 11, total: 12 }, handoff_config: { auto_approve: true, inbox_dir: 'shared/handoffs/inbox' } });
    expect(settled.archived.map(({ created_at_ms }) => created_at_ms)).toEqual([...settled.archived].map(({ created_at_ms }) => created_at_ms).sort((a, b) => a - b));
    expect(new Set(settled.archived.map(({ consumed_by_run_id }) => consumed_by_run_id)).size).toBe(11);
    const runs = await until(() => runsOf('watcher'), (found) => found.length === 11);
    // One after the other: no run began before the one before it had ended.
    const spans = runs.map((found) => [found.created_at_ms, 'finished_at_ms' in found ? found.finished_at_ms : Number.MAX_SAFE_INTEGER] as const).sort(([a], [b]) => a - b);
    for (const [index, [created]] of spans.entries()) expect(created).toBeGreaterThanOrEqual(spans[index - 1]?.[1] ?? 0);
  });

  it('a handoff that an operator must approve waits for it', async () => {
    await client.define({ automation_id: 'careful', name: 'Careful', status: 'active', watch_conditions: [{}], handoff_config: { auto_approve: false }, flow });
    const { handoff_id, status } = (await client.insist('POST', '/automations/v2/careful/handoffs', { artifact_type: 'order' })).body['handoff'] as HandoffRecord;
    expect(status).toBe('inbox');
    expect((await client.call('POST', `/automations/v2/ticking/handoffs/${handoff_id}/approve`)).body).toMatchObject({ code: 'AUTOMATION_V2_HANDOFF_NOT_FOUND' });
    expect((await client.call('POST', '/automations/v2/nothing/handoffs', { body: { artifact_type: 'order' } })).status).toBe(404);
    expect((await client.call('POST', '/automations/v2/careful/handoffs', { body: { artifact: 'order' } })).body).toMatchObject({ code: 'REQUEST_BODY_INVALID' });
    expect((await client.call('POST', `/automations/v2/careful/handoffs/${handoff_id}/approve`)).body).toMatchObject({ ok: true, handoff: { status: 'approved' } });
    await until(() => runsOf('careful'), (found) => found.some(({ consumed_handoff_id }) => consumed_handoff_id === handoff_id));
  });
});
