import type { EndedWait, Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { callBy, problemsOf, refusalOf, tenant, valueOf } from './in-memory-application.fixture.js';
import { deliverWebhookToWait } from './deliver-webhook.command-handler.js';
import { resolveWait, type WaitResolution } from './resolve-wait.command-handler.js';
import { InMemoryExecution } from './run-executor.fixture.js';
import type { WakeOptions } from './wait-ending.js';
import { wakeWait } from './wake-wait.command-handler.js';

const timeout = { expires_after_ms: 1000, on_timeout: 'cancel' };
const waitNode = (wait: Record<string, Json>): Json => ({ node_id: 'w', objective: 'wait', wait });
const after: Json = { node_id: 'after', objective: 'after', depends_on: ['w'], action: { kind: 'transform', expression: 'nodes.w.output.payload' } };
const external = (extra: Record<string, Json> = {}): Json => waitNode({ kind: 'external_condition', condition_key: '{{ "paid-" & run.automation_id }}', timeout, ...extra });

/** A run that is parked on its waits. */
const parked = async (...flow: readonly Json[]) => {
  const world = new InMemoryExecution();
  const run_id = await world.start(flow);
  await world.execute(world.messages(run_id).at(-1));
  const { eventing, definitions } = world.app;
  const options: WakeOptions = { eventing, definitions, timers: world.schedule, changes: { announce: () => undefined, listen: () => () => undefined } };
  const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id } as const;
  const state = (): Promise<Run> => world.app.run(run_id);
  const [wait] = (await state()).checkpoint.open_waits;
  if (wait === undefined) throw new Error('nothing is waited for');
  const resolve = (change: Partial<WaitResolution> = {}, by = callBy()) => resolveWait(options, by, { run_id, wait_id: wait.wait_id, idempotency_key: 'k1', payload: 'yes', ...change });
  const wake = () => wakeWait(options, ref, wait.wait_id);
  const proceed = () => world.execute(world.messages(run_id).at(-1));
  return { world, options, ref, run_id, wait, state, resolve, wake, proceed };
};

describe('a wait node', () => {
  it('resolves what it waits for when it opens: expressions, bindings and literals', async () => {
    const { wait, state } = await parked(external());
    expect(wait).toMatchObject({ wait_kind: 'external_condition', condition_key: 'paid-refunds', timeout: { timeout_at_ms: wait.created_at_ms + 1000 } });
    expect((await state()).status).toBe('paused');
    const order: Json = { node_id: 'order', objective: 'order', action: { kind: 'transform', expression: '{"event": {"id": "e-7"}}' } };
    const webhook = await parked(order, { ...(waitNode({ kind: 'webhook', trigger_id: 't1', correlation: { field: 'provider_event_id', value: { node_output: { node_id: 'order', json_pointer: '/event/id' } } }, timeout }) as object), depends_on: ['order'] });
    expect(webhook.wait.webhook_match).toEqual({ trigger_id: 't1', provider_event_id: 'e-7' });
  });

  it('fails with the place when what it waits for cannot be told', async () => {
    const world = new InMemoryExecution();
    const order: Json = { node_id: 'order', objective: 'order', action: { kind: 'transform', expression: '{}' } };
    const run_id = await world.start([order, { ...(waitNode({ kind: 'timer', wake_at: { node_output: { node_id: 'order', json_pointer: '/due' } } }) as object), depends_on: ['order'] }]);
    await world.execute(world.messages(run_id).at(-1));
    expect(await world.app.run(run_id)).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'w', kind: 'expression_failed', path: 'wait.wake_at.node_output' } } });
  });
});

describe('resolving a condition', () => {
  it('parks and resumes the same run with the payload, exactly once for callers that come together', async () => {
    const { resolve, proceed, state, wait, world, run_id } = await parked(external(), after);
    const answers = await Promise.all(['k1', 'k2', 'k1', 'k3'].map((idempotency_key) => resolve({ idempotency_key, payload: idempotency_key })));
    const winners = answers.filter((answer) => answer.ok).map((answer) => (answer.ok ? answer.value.wait.wake_idempotency_key : ''));
    expect(new Set(winners).size).toBe(1);
    expect(answers.filter((answer) => !answer.ok).map((answer) => (answer.ok ? '' : answer.refusal.code))).toEqual(Array.from({ length: 4 - winners.length }, () => 'AUTOMATION_V2_WAIT_ALREADY_ENDED'));
    await proceed();
    expect(await state()).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { after: { content: winners[0]?.replace(`external:${wait.wait_id}:`, '') } } } });
    expect(world.messages(run_id)).toHaveLength(2);
  });

  it('answers the same key as the first time, also when the run has ended', async () => {
    const { resolve, proceed } = await parked(external());
    const first = valueOf(await resolve());
    await proceed();
    const again = valueOf(await resolve({ payload: 'something else' }));
    expect<EndedWait>(again.wait).toEqual(first.wait);
    expect(again.run.status).toBe('completed');
  });

  it('is tenant scoped: another tenant\'s run is not there', async () => {
    const { resolve, state } = await parked(external());
    for (const other of [{ org_id: 'other' }, { workspace_id: 'other' }, { deployment_id: 'blue' }]) expect(refusalOf(await resolve({}, callBy(undefined, other))).code).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
    expect((await state()).checkpoint.open_waits).toHaveLength(1);
  });

  it('takes what its schema takes, up to 16 KiB', async () => {
    const { resolve } = await parked(external({ payload_schema: { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } } }));
    expect(problemsOf(await resolve({ payload: { amount: 'much' } }))).toEqual([['payload.amount', 'type']]);
    expect(refusalOf(await resolve({ payload: 'x'.repeat(16 * 1024) })).code).toBe('AUTOMATION_V2_WAIT_PAYLOAD_TOO_LARGE');
    expect((await resolve({ payload: { amount: 5 } })).ok).toBe(true);
  });
});

describe('a delivery', () => {
  it('wakes its wait once, is told so when it comes again, and leaves a wait alone that is for another', async () => {
    const { options, ref, wait, state } = await parked(waitNode({ kind: 'webhook', trigger_id: 't1', provider: 'github', timeout }));
    const delivery = { delivery_id: 'd1', trigger_id: 't1', provider: 'github', idempotency_key: 'github:1', body_digest: 'sha256:1', payload: { ref: 'main' } };
    const deliver = (change: Partial<typeof delivery> = {}) => deliverWebhookToWait(options, ref, { wait_id: wait.wait_id, delivery: { ...delivery, ...change } });
    expect(await deliver({ provider: 'gitlab' })).toEqual({ kind: 'not_matching' });
    expect(await deliver()).toMatchObject({ kind: 'woken', repeated: false });
    expect(await deliver()).toMatchObject({ kind: 'woken', repeated: true });
    expect(await deliver({ delivery_id: 'd2' })).toEqual({ kind: 'not_waiting' });
    expect(await deliverWebhookToWait(options, { ...ref, id: 'automation-v2-run-none' }, { wait_id: wait.wait_id, delivery })).toEqual({ kind: 'not_waiting' });
    expect((await state()).checkpoint.node_outputs['w']?.content).toMatchObject({ delivery_id: 'd1', payload: { ref: 'main' } });
  });
});

describe('the timer of a wait', () => {
  it('is set for what is due first', async () => {
    const { world, wait } = await parked(waitNode({ kind: 'timer', delay_ms: 5000, timeout }));
    expect(world.timers.get(wait.wait_id)).toBe(wait.created_at_ms + 1000);
  });

  it('is set again for the next reminder before the fired one is acknowledged, also when the process dies in between', async () => {
    const { world, wait, wake, state } = await parked(external({ timeout: { expires_after_ms: 1000, on_timeout: 'remind', remind_every_ms: 60_000 } }));
    world.timers.clear();
    world.app.now = wait.created_at_ms + 1000;
    await wake();
    expect(world.timers.get(wait.wait_id)).toBe(world.app.now + 60_000);
    // The commit is there, the timer is not: the message comes again.
    world.timers.clear();
    expect(await wake()).toEqual({ kind: 'done' });
    expect(world.timers.get(wait.wait_id)).toBe(world.app.now + 60_000);
    expect((await state()).checkpoint.open_waits[0]?.timeout).toMatchObject({ reminder_count: 1 });
  });

  it('that is early by this runner\'s clock comes again at its time', async () => {
    const { wait, wake, world } = await parked(waitNode({ kind: 'timer', delay_ms: 3000 }));
    world.app.now = wait.created_at_ms + 1200;
    expect(await wake()).toMatchObject({ kind: 'retry-later', delayMs: 1800 });
  });

  it('that fires late after its run ended does nothing', async () => {
    const { wait, wake, world, run_id } = await parked(waitNode({ kind: 'any', of: [{ kind: 'timer', delay_ms: 10 }, { kind: 'timer', delay_ms: 5, timeout: { expires_after_ms: 1, on_timeout: 'cancel' } }] }));
    world.app.now += 100;
    await wakeWaitOf(world, run_id, `${wait.wait_id.slice(0, -1)}1`);
    expect((await world.app.run(run_id)).status).toBe('cancelled');
    const commits = world.app.commits('run').length;
    expect(await wake()).toEqual({ kind: 'done' });
    expect(world.app.commits('run')).toHaveLength(commits);
  });
});

describe('a clock that goes backward', () => {
  it('does not wake new waits early', async () => {
    const { world, wait, wake, state } = await parked(waitNode({ kind: 'timer', delay_ms: 60_000 }));
    world.app.now = wait.created_at_ms - 500_000;
    expect(await wake()).toEqual({ kind: 'done' });
    expect((await state()).status).toBe('paused');
    expect(world.timers.get(wait.wait_id)).toBe(wait.created_at_ms + 60_000);
  });

  it('leaves waits due that the run has seen due: it judges by the last time it recorded', async () => {
    const second: Json = { node_id: 'x', objective: 'wait', wait: { kind: 'timer', delay_ms: 10 } };
    const { world, wait, wake, state, run_id } = await parked(waitNode({ kind: 'timer', delay_ms: 1000 }), second);
    const other = (await state()).checkpoint.open_waits.find(({ node_id }) => node_id === 'x');
    world.app.now = wait.created_at_ms + 1500;
    await wakeWaitOf(world, run_id, other?.wait_id ?? '');
    world.app.now = wait.created_at_ms;
    await wake();
    expect((await state()).checkpoint.completed_nodes).toEqual(['x', 'w']);
  });
});

const wakeWaitOf = async (world: InMemoryExecution, run_id: string, wait_id: string): Promise<void> => {
  const { eventing, definitions } = world.app;
  await wakeWait({ eventing, definitions, timers: world.schedule, changes: { announce: () => undefined, listen: () => () => undefined } }, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id }, wait_id);
};
