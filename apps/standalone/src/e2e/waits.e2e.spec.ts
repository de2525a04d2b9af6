import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResumePlan, Run, WaitRecord } from '@cs/contracts';
import { eventually } from '@cs/testing';
import { Client, shortTypes, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

/** A timer may be late by so much (issue: within a second of its time), beside what these tests need to see it. */
const punctualMs = 1000;

describe('waits on real servers', () => {
  let system: System;
  let client: Client;

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
  });
  afterAll(() => system.stop());

  const define = async (automation_id: string, wait: Record<string, unknown>): Promise<void> => {
    const { status, body } = await client.call('POST', '/automations/v2', {
      body: { automation_id, name: automation_id, status: 'active', flow: { nodes: [{ node_id: 'w', objective: 'wait', wait }, { node_id: 'after', objective: 'after', depends_on: ['w'], action: { kind: 'transform', expression: 'nodes.w.output' } }] } },
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
  };
  const start = async (automation_id: string): Promise<string> => ((await client.insist('POST', `/automations/v2/${automation_id}/run_now`, {})).body['run'] as Run).run_id;
  const waitsOf = async (run_id: string): Promise<readonly WaitRecord[]> => (await client.call('GET', `/automations/v2/runs/${run_id}/waits`)).body['waits'] as readonly WaitRecord[];
  const isParked = (run: Run): boolean => run.status === 'paused';
  const parkedOn = async (run_id: string): Promise<WaitRecord> => {
    await client.until(run_id, isParked);
    const [wait] = await waitsOf(run_id);
    if (wait === undefined) throw new Error('nothing is waited for');
    return wait;
  };
  const resolve = ({ run_id, wait_id }: WaitRecord, idempotency_key: string, payload: unknown): Promise<Answer> =>
    client.call('POST', `/automations/v2/runs/${run_id}/waits/${encodeURIComponent(wait_id)}/resolve`, { body: { idempotency_key, payload } });
  const wokenAt = async (run_id: string): Promise<readonly number[]> =>
    (await client.timeline(run_id)).filter(({ event_type }) => event_type.endsWith('stateful_wait_woken_requeued')).map(({ occurred_at_ms }) => occurred_at_ms);

  it('fire a timer once, within a second of its time', async () => {
    await define('nap', { kind: 'timer', delay_ms: 1500 });
    const wait = await parkedOn(await start('nap'));
    expect((await client.untilFinished(wait.run_id)).status).toBe('completed');
    const [at = 0, ...more] = await wokenAt(wait.run_id);
    expect(more).toEqual([]);
    expect(at - (wait.wake_at_ms ?? 0)).toBeGreaterThanOrEqual(0);
    expect(at - (wait.wake_at_ms ?? 0)).toBeLessThan(punctualMs);
    expect(await waitsOf(wait.run_id)).toMatchObject([{ status: 'woken', wake_idempotency_key: `timer:${wait.run_id}:${wait.wait_id}:${wait.wake_at_ms}` }]);
  });

  it.each(['runner', 'nats'] as const)('fire a timer once whose time came while %s was down, within a second of its return', async (name) => {
    const automation = `down-${name}`;
    await define(automation, { kind: 'timer', delay_ms: 2500 });
    const wait = await parkedOn(await start(automation));
    // Schedules are flushed to the disk within moments; a power cut before that is what the sweep is for.
    await delay(500);
    await system.kill(name);
    await delay(Math.max(0, (wait.wake_at_ms ?? 0) - Date.now()) + 300);
    await (name === 'nats' ? system.startNats() : system.startService(name));
    const backAt = Date.now();
    expect((await client.untilFinished(wait.run_id)).status).toBe('completed');
    const [at = 0, ...more] = await wokenAt(wait.run_id);
    expect(more).toEqual([]);
    // Clients reconnect within two seconds after the server is back.
    expect(at - backAt).toBeLessThan(punctualMs + (name === 'nats' ? 2500 : 0));
  });

  it('resolve a condition once for two callers at a time, list it, and answer each key as the first time', async () => {
    await define('ask', { kind: 'external_condition', condition_key: 'paid', payload_schema: { type: 'object', required: ['by'] }, timeout: { expires_after_ms: 600_000 } });
    const wait = await parkedOn(await start('ask'));
    expect(wait).toMatchObject({ wait_kind: 'external_condition', status: 'waiting', timeout_policy: { on_timeout: 'cancel' }, metadata: { condition_key: 'paid' } });
    expect((await client.call('GET', `/stateful-runtime/runs/${wait.run_id}`)).body['run']).toMatchObject({ status: 'awaiting_webhook', phase: 'waiting_webhook', active_wait_id: wait.wait_id });
    expect((await client.call('GET', `/stateful-runtime/waits?status=waiting&kind=external_condition&run_id=${wait.run_id}`)).body).toMatchObject({ count: 1 });
    expect(await resolve(wait, 'k0', 'nobody')).toMatchObject({ status: 400, body: { code: 'AUTOMATION_V2_WAIT_PAYLOAD_INVALID' } });
    const answers = await Promise.all(['k1', 'k2'].map((key) => resolve(wait, key, { by: key })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = answers[0]?.status === 200 ? 'k1' : 'k2';
    const run = await client.untilFinished(wait.run_id);
    expect(run.checkpoint.node_outputs['after']?.content).toMatchObject({ payload: { by: winner }, condition_key: 'paid' });
    expect(await resolve(wait, winner, { by: 'another' })).toMatchObject({ status: 200, body: { ok: true, wait: { status: 'woken', wake_idempotency_key: `external:${wait.wait_id}:${winner}` } } });
    expect(await resolve(wait, 'k3', { by: 'k3' })).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_WAIT_ALREADY_ENDED' } });
    expect(await resolve({ ...wait, wait_id: 'nothing' }, 'k', {})).toMatchObject({ status: 404, body: { code: 'AUTOMATION_V2_WAIT_NOT_FOUND' } });
  });

  it('escalate when nobody answers; an operator resumes the run, and the wait opens anew', async () => {
    await define('escalate', { kind: 'external_condition', condition_key: 'paid', timeout: { expires_after_ms: 800, on_timeout: 'escalate', escalate_to: 'lead' } });
    const first = await parkedOn(await start('escalate'));
    await client.until(first.run_id, ({ pause_reason }) => pause_reason !== 'waiting' && pause_reason !== undefined);
    expect(await waitsOf(first.run_id)).toMatchObject([{ status: 'escalated', wake_idempotency_key: `timeout:Escalate:${first.run_id}:${first.wait_id}:${first.created_at_ms + 800}` }]);
    expect((await client.call('GET', '/dead-letters')).body['dead_letters']).toEqual([
      expect.objectContaining({ dead_letter_id: expect.stringMatching(/^dead-letter-wait-[0-9a-f]{16}$/), source_type: 'stateful_wait', source_id: first.wait_id, status: 'open' }),
    ]);
    expect((await client.call('POST', `/automations/v2/runs/${first.run_id}/resume`, { body: {} })).status).toBe(200);
    await client.until(first.run_id, ({ status, pause_reason, checkpoint }) => status === 'paused' && pause_reason === 'waiting' && checkpoint.open_waits.length === 1);
    const again = (await waitsOf(first.run_id)).find(({ status }) => status === 'waiting');
    expect(again?.wait_id).not.toBe(first.wait_id);
    if (again) expect((await resolve(again, 'k', 'yes')).status).toBe(200);
    expect((await client.untilFinished(first.run_id)).status).toBe('completed');
  });

  it('cancel the run when nobody answers, and remind as often as it takes before', async () => {
    await define('remind', { kind: 'any', of: [{ kind: 'external_condition', condition_key: 'a', timeout: { expires_after_ms: 300, on_timeout: 'remind', remind_every_ms: 300 } }, { kind: 'external_condition', condition_key: 'b', timeout: { expires_after_ms: 1800, on_timeout: 'cancel' } }] });
    const run = await client.untilFinished(await start('remind'));
    expect(run.status).toBe('cancelled');
    const types = shortTypes(await client.timeline(run.run_id));
    expect(types.filter((type) => type === 'stateful_wait_timeout_reminded').length).toBeGreaterThanOrEqual(2);
    expect(types.filter((type) => type === 'stateful_wait_timeout_cancelled_run')).toHaveLength(1);
    expect((await waitsOf(run.run_id)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    const plan = `/stateful-runtime/runs/${run.run_id}/resume-plan`;
    const planned = async (): Promise<ResumePlan> => (await client.call('GET', plan)).body as unknown as ResumePlan;
    await eventually(async () => (await planned()).dead_letters.length === 1, { timeoutMs: 60_000 });
    const { dead_letters: [letter], operator_choices } = await planned();
    expect(operator_choices.map(({ choice }) => choice)).toEqual(['abandon_with_audit', 'resume_from_checkpoint']);
    const choose = (choice: string) => client.insist('POST', plan, { choice, dead_letter_id: letter?.dead_letter_id });
    expect(await choose('retry_failed_effect')).toMatchObject({ status: 409, body: { code: 'stateful_dead_letter_choice_unavailable' } });
    expect(await choose('abandon_with_audit')).toMatchObject({ status: 200, body: { choice: 'abandon_with_audit', recorded: true, disposition: 'ignore' } });
    await eventually(async () => (await planned()).dead_letters.length === 0, { timeoutMs: 60_000 });
  });
});
