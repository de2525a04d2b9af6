import { cancelRun, pauseRun, reconcileEffect, resumeRun, retryTask } from '@cs/automation-application';
import type { Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { eventually } from '@cs/testing';
import { context, RealLogRunner } from './real-log-runner.fixture.js';

const post = (node_id: string, extra: Record<string, Json> = {}): Json => ({
  node_id, objective: node_id, action: { kind: 'http', method: 'POST', url: `http://peer/{{ run.run_id }}/${node_id}`, ...extra },
});
const automation = (automation_id: string, ...nodes: readonly Json[]): Json => ({ automation_id, name: automation_id, status: 'active', flow: { nodes } });

/** Rounds of a race: enough that both sides win often, on a busy machine too. */
const rounds = 60;

/** Lets the process work for as long; timers are too coarse. */
const spend = async (ms: number): Promise<void> => {
  for (const end = performance.now() + ms; performance.now() < end; ) await new Promise((resolve) => setImmediate(resolve));
};

describe('operators and a runner at once, on a real log', () => {
  let world: RealLogRunner;
  beforeAll(async () => {
    world = await RealLogRunner.start();
    await world.define(automation('keyed', post('pay')));
    await world.define(automation('unsafe', post('pay', { idempotency: 'none' })));
  }, 60_000);
  afterAll(() => world.stop());

  /** A run whose payment has left, and whose peer does not answer. */
  const paying = async (automation_id: string): Promise<string> => {
    world.peer.hangs = true;
    const run = await world.request(automation_id);
    await eventually(() => world.peer.sentTo(run).length === 1);
    return run;
  };

  /** Told to leave the run, the runner aborts the step long before its timeout. */
  const letGo = async (run: string, status: Run['status']): Promise<Run> => {
    const settled = await world.settled(run, status);
    expect(world.peer.hanging).toBe(0);
    world.peer.hangs = false;
    return settled;
  };

  it('a pause while a step executes stops the runner, and after resume a keyed effect is not doubled', async () => {
    const run = await paying('keyed');
    expect(await pauseRun(world.operator, context, { run_id: run })).toMatchObject({ ok: true, value: { run: { status: 'paused' } } });
    expect(await letGo(run, 'paused')).toMatchObject({ checkpoint: { in_progress: { pay: { attempt: 1 } } } });
    await resumeRun(world.operator, context, { run_id: run });
    expect(await world.settled(run, 'completed')).toMatchObject({ checkpoint: { node_attempts: { pay: 2 } } });
    expect(world.peer.sentTo(run)).toHaveLength(2);
    expect(new Set(world.peer.sentTo(run).map(({ idempotency }) => idempotency?.key))).toEqual(new Set([`${run}:pay:0`]));
    expect(world.peer.timesDone(run)).toBe(1);
  });

  it('a pause while a step without a promise executes blocks it after resume, and it is not sent again', async () => {
    const run = await paying('unsafe');
    await pauseRun(world.operator, context, { run_id: run });
    await letGo(run, 'paused');
    await resumeRun(world.operator, context, { run_id: run });
    expect(await world.settled(run, 'blocked')).toMatchObject({ checkpoint: { blocked_nodes: ['pay'] } });
    expect(world.peer.sentTo(run)).toHaveLength(1);
    await reconcileEffect(world.operator, context, { run_id: run, node_id: 'pay', outcome: 'succeeded', output: 'in the ledger' });
    expect(await world.settled(run, 'completed')).toMatchObject({ checkpoint: { node_outputs: { pay: { content: 'in the ledger' } } } });
    expect(world.peer.timesDone(run)).toBe(1);
  });

  it('a cancel while a step executes ends the run, and only a retry sends again: as a new effect', async () => {
    const run = await paying('keyed');
    expect(await cancelRun(world.operator, context, { run_id: run })).toMatchObject({ ok: true, value: { run: { status: 'cancelled', stop_kind: 'operator_stopped' } } });
    const cancelled = await letGo(run, 'cancelled');
    expect(world.peer.sentTo(run)).toHaveLength(1);
    expect(await cancelRun(world.operator, context, { run_id: run })).toMatchObject({ ok: true, value: { events: [] } });
    expect((await world.load(run)).version).toBe(cancelled.version);
    expect(await retryTask(world.operator, context, { run_id: run, node_id: 'pay' })).toMatchObject({ ok: true, value: { reset_nodes: ['pay'] } });
    await world.settled(run, 'completed');
    expect(world.peer.sentTo(run).map(({ idempotency }) => idempotency?.key)).toEqual([`${run}:pay:0`, `${run}:pay:1`]);
  });

  it('a cancel while a step without a promise executes leaves its effect to a person', async () => {
    const run = await paying('unsafe');
    await cancelRun(world.operator, context, { run_id: run });
    expect(await letGo(run, 'cancelled')).toMatchObject({ checkpoint: { blocked_nodes: ['pay'], in_progress: {} } });
    expect(await reconcileEffect(world.operator, context, { run_id: run, node_id: 'pay', outcome: 'retry' })).toMatchObject({ ok: false, refusal: { code: 'AUTOMATION_V2_RUN_TASK_NOT_MUTABLE' } });
    expect(await reconcileEffect(world.operator, context, { run_id: run, node_id: 'pay', outcome: 'succeeded' })).toMatchObject({ ok: true, value: { run: { status: 'cancelled' } } });
    expect(world.peer.sentTo(run)).toHaveLength(1);
  });

  it('a pause that races the end of the run is answered as it ends, and revives nothing (W3)', async () => {
    const outcomes = { paused: 0, completed: 0 };
    const paused: string[] = [];
    // Each round moves the pause towards the moment at which the other side won: it comes later, or the peer takes longer.
    let [waitMs, takesMs] = [4, 0];
    for (let round = 0; round < rounds; round += 1) {
      world.peer.takesMs = takesMs;
      const run = await world.request('keyed');
      await spend(waitMs);
      const answer = await pauseRun(world.operator, context, { run_id: run });
      const { status } = await world.settled(run, 'paused', 'completed');
      if (!answer.ok) expect(answer.refusal).toMatchObject({ code: 'AUTOMATION_V2_RUN_NOT_PAUSABLE', details: { currentStatus: 'completed' } });
      expect({ round, status }).toEqual({ round, status: answer.ok ? 'paused' : 'completed' });
      outcomes[answer.ok ? 'paused' : 'completed'] += 1;
      if (answer.ok) paused.push(run);
      if (answer.ok) [waitMs, takesMs] = takesMs > 0 ? [0, Math.max(0, takesMs * 0.7 - 0.1)] : [waitMs * 1.3 + 0.1, 0];
      else [waitMs, takesMs] = waitMs > 0 ? [Math.max(0, waitMs * 0.7 - 0.1), 0] : [0, takesMs * 1.3 + 0.1];
    }
    world.peer.takesMs = 0;
    expect(Math.min(outcomes.paused, outcomes.completed)).toBeGreaterThan(0);
    expect(outcomes.paused + outcomes.completed).toBe(rounds);
    for (const run of paused) await resumeRun(world.operator, context, { run_id: run });
    for (const run of paused) {
      await world.settled(run, 'completed');
      expect(world.peer.timesDone(run)).toBe(1);
    }
  });
});
