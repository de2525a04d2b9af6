import { patchAutomation, pauseRun, resumeRun } from '@cs/automation-application';
import { dueAtMs } from '@cs/automation-domain';
import type { DueWait, Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import type { RpcClient } from '@cs/platform';
import { automation, context, InMemoryRunner, steps } from './in-memory-runner.fixture.js';
import { TimerSweep } from './timer-sweep.js';

const { post, transform } = steps;
const minute = 60_000;
const gate: Json = { node_id: 'sign', objective: 'Pay?', gate: { required: true } };
const timer = (node_id: string, delay_ms: number): Json => ({ node_id, objective: node_id, wait: { kind: 'timer', delay_ms } });

const start = async (...nodes: readonly Json[]): Promise<{ readonly runner: InMemoryRunner; readonly run: string; readonly load: () => Promise<Run> }> => {
  const runner = new InMemoryRunner();
  await runner.define(automation(nodes));
  const run = await runner.start('a');
  await runner.execute(run);
  return { runner, run, load: () => runner.load(run) };
};

/** Every process ends: its timers are lost, and what it knew. Another one looks for what is overdue. */
const sweepAfterRestart = async (runner: InMemoryRunner, run: string, tenant: Partial<DueWait> = {}): Promise<void> => {
  runner.timers.clear();
  const { checkpoint } = await runner.load(run);
  const waits = checkpoint.open_waits.map((wait) => ({ org_id: 'local', workspace_id: 'local', run_id: run, wait_id: wait.wait_id, due_at_ms: dueAtMs(wait) ?? 0, ...tenant }));
  const rpc = { call: () => Promise.resolve({ ok: true, value: { waits } }) } as unknown as RpcClient;
  const wake = { eventing: runner.eventing, definitions: runner.definitions, timers: runner.schedule, changes: { announce: () => undefined, listen: () => () => undefined } };
  const sweep = new TimerSweep({ rpc, wake, everyMs: minute, onRepaired: () => undefined, clock: () => runner.now, logger: { info: () => undefined, warn: (problem: unknown) => { throw new Error(JSON.stringify(problem)); } } as never });
  await sweep.sweep();
  await sweep.stop();
};

const operatorOf = (runner: InMemoryRunner) => ({ eventing: runner.eventing, definitions: runner.definitions, evaluator: runner.evaluator, changes: { announce: () => undefined, listen: () => () => undefined } });

describe('restart at an approval gate', () => {
  it('approval gate resumes once, however often and wherever its message comes', async () => {
    const { runner, run, load } = await start(gate, post('pay', {}, ['sign']));
    await runner.decide(run, 'approve');
    await runner.execute(run, { executor: runner.newExecutor('runner-2') });
    const paid = await load();
    for (const name of ['runner-1', 'runner-2', 'runner-3']) await runner.execute(run, { redelivered: true, executor: runner.newExecutor(name) });
    expect(await load()).toEqual(paid);
    expect(paid).toMatchObject({ status: 'completed', checkpoint: { gate_history: [{ node_id: 'sign', decision: 'approve' }] } });
    expect(runner.http.sent).toHaveLength(1);
  });

  it('half-applied decision completed: a decision and its requeue are one commit, and whoever gets its message goes on', async () => {
    const { runner, run, load } = await start(gate, post('pay', {}, ['sign']));
    await runner.decide(run, 'approve');
    const decided = runner.queued(run).at(-1);
    expect(decided).toMatchObject({ status: 'queued', commit: { events: [{ event_type: 'approval_gate_decided' }, { event_type: 'node_completed' }] } });
    const stop = new AbortController();
    runner.http.answer = () => {
      stop.abort();
      return { kind: 'aborted' };
    };
    await runner.execute(run, { signal: stop.signal });
    expect((await load()).status).toBe('running');
    runner.http.answer = () => ({ kind: 'succeeded', output: 'paid' });
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect(await load()).toMatchObject({ status: 'completed', checkpoint: { gate_history: [{ decision: 'approve' }] } });
    expect(runner.eventTypes(run).filter((type) => type === 'approval_gate_opened')).toHaveLength(1);
    expect(new Set(runner.http.sent.map(({ idempotency }) => idempotency?.key))).toEqual(new Set([`${run}:pay:0`]));
  });
});

describe('restart while a run waits', () => {
  it('lost wake requeues a paused run', async () => {
    const { runner, run, load } = await start(timer('wait', minute), post('pay', {}, ['wait']));
    expect((await load()).status).toBe('paused');
    runner.now += minute + 3000;
    await sweepAfterRestart(runner, run);
    expect((await load()).status).toBe('queued');
    await runner.execute(run);
    expect((await load()).status).toBe('completed');
  });

  it('lost wake does not requeue a run if a wait is active: one that is not due yet, alone or beside one that was', async () => {
    const { runner, run, load } = await start(timer('short', minute), timer('long', 10 * minute), post('pay', {}, ['short', 'long']));
    const before = await load();
    await sweepAfterRestart(runner, run);
    expect(await load()).toEqual(before);
    runner.now += minute + 3000;
    await sweepAfterRestart(runner, run);
    await runner.execute(run);
    expect(await load()).toMatchObject({ status: 'paused', checkpoint: { completed_nodes: ['short'], open_waits: [{ node_id: 'long' }] } });
    const parked = await load();
    await sweepAfterRestart(runner, run);
    expect(await load()).toEqual(parked);
    expect(runner.http.sent).toHaveLength(0);
  });

  it('lost wake does not requeue a run that an operator paused, before the wake or after it', async () => {
    const early = await start(timer('wait', minute), post('pay', {}, ['wait']));
    await pauseRun(operatorOf(early.runner), context, { run_id: early.run, reason: 'audit' });
    early.runner.now += minute + 3000;
    await sweepAfterRestart(early.runner, early.run);
    expect(await early.load()).toMatchObject({ status: 'paused', pause_reason: 'audit', checkpoint: { completed_nodes: ['wait'], open_waits: [] } });

    const late = await start(timer('wait', minute), post('pay', {}, ['wait']));
    await late.runner.fireTimers();
    await pauseRun(operatorOf(late.runner), context, { run_id: late.run, reason: 'audit' });
    const paused = await late.load();
    await sweepAfterRestart(late.runner, late.run);
    await late.runner.execute(late.run, { redelivered: true });
    expect(await late.load()).toEqual(paused);
    await resumeRun(operatorOf(late.runner), context, { run_id: late.run });
    await late.runner.execute(late.run);
    expect((await late.load()).status).toBe('completed');
  });

  it('lost wake of another tenant\'s wait with the same ids requeues nothing', async () => {
    const { runner, run, load } = await start(timer('wait', minute));
    runner.now += minute + 3000;
    const before = await load();
    for (const tenant of [{ org_id: 'other' }, { workspace_id: 'other' }]) await sweepAfterRestart(runner, run, tenant);
    expect(await load()).toEqual(before);
  });
});

describe('restart of what executes', () => {
  it('snapshot hash mismatch uses the snapshot, also when the edited definition has the same version', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')], { metadata: { version: 'v1' } }));
    const run = await runner.start('a');
    const { workflow_definition_snapshot_hash } = await runner.load(run);
    expect((await patchAutomation(runner, context, { automation_id: 'a', patch: { flow: { nodes: [transform('other', '1')] } } })).ok).toBe(true);
    expect((await runner.automation('a'))?.definition_hash).not.toBe(workflow_definition_snapshot_hash);
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect(await runner.load(run)).toMatchObject({ status: 'completed', workflow_definition_snapshot_hash, checkpoint: { completed_nodes: ['pay'] } });
  });

  it('abandoned claims do not requeue when work progressed: the message of an earlier turn claims nothing', async () => {
    const { runner, run, load } = await start(post('reserve'), { ...(gate as object), depends_on: ['reserve'] } as Json, post('pay', {}, ['sign']));
    const [first] = runner.queued(run);
    if (first === undefined) throw new Error('never queued');
    const waiting = await load();
    const executor = runner.newExecutor('runner-2');
    const redeliver = () => executor.execute(first, { redelivered: true, signal: new AbortController().signal });
    expect(await redeliver()).toEqual({ kind: 'done' });
    expect(await load()).toEqual(waiting);
    await runner.decide(run, 'approve');
    // Also while the run is queued, and while it executes, for another message.
    await redeliver();
    expect((await load()).status).toBe('queued');
    runner.http.answer = async () => {
      await redeliver();
      return { kind: 'succeeded', output: 'paid' };
    };
    await runner.execute(run);
    expect((await load()).status).toBe('completed');
    expect(runner.eventTypes(run)).not.toContain('run_execution_claim_expired_requeued');
    expect((await load()).execution_claim_epoch).toBe(2);
  });
});
