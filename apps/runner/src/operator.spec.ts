import { cancelRun, createAutomation, pauseAutomation, pauseRun, pauseWithAutomation, reconcileEffect, repairRun, resumeAutomation, resumeRun, retryTask, type AutomationStatuses } from '@cs/automation-application';
import { eventually } from '@cs/testing';
import { automation, context, InMemoryRunner, steps } from './in-memory-runner.fixture.js';

const { post, transform } = steps;

const optionsOf = (runner: InMemoryRunner) => ({
  eventing: runner.eventing, definitions: runner.definitions, evaluator: runner.evaluator,
  changes: { announce: (runId: string) => void runner.listeners.get(runId)?.(), listen: () => () => undefined },
});

/** A step that is under way until it is aborted. */
const hang = (runner: InMemoryRunner): void => {
  runner.http.answer = () => new Promise(() => undefined);
};
const answer = (runner: InMemoryRunner): void => {
  runner.http.answer = () => ({ kind: 'succeeded', output: 'paid' });
};

const underWay = async (extra: Parameters<typeof post>[1] = {}) => {
  const runner = new InMemoryRunner();
  await runner.define(automation([post('pay', extra), transform('tell', 'nodes.pay.output', ['pay'])]));
  const run_id = await runner.start('a');
  hang(runner);
  const executing = runner.execute(run_id);
  await eventually(() => runner.http.sent.length === 1);
  return { runner, run_id, executing, options: optionsOf(runner) };
};

describe('pausing a run while it executes', () => {
  it('makes its runner let go, and a keyed effect in flight is sent again under its key after resume', async () => {
    const { runner, run_id, executing, options } = await underWay();
    expect(await pauseRun(options, context, { run_id })).toMatchObject({ ok: true, value: { run: { status: 'paused' } } });
    expect(await executing).toEqual({ kind: 'done' });
    expect((await runner.load(run_id)).status).toBe('paused');
    answer(runner);
    await resumeRun(options, context, { run_id });
    await runner.execute(run_id);
    expect((await runner.load(run_id)).status).toBe('completed');
    expect(new Set(runner.http.sent.map((step) => step.idempotency?.key))).toEqual(new Set([`${run_id}:pay:0`]));
  });

  it('blocks an effect without a promise, which a person reconciles', async () => {
    const { runner, run_id, executing, options } = await underWay({ idempotency: 'none' });
    await pauseRun(options, context, { run_id });
    await executing;
    await resumeRun(options, context, { run_id });
    await runner.execute(run_id);
    expect(await runner.load(run_id)).toMatchObject({ status: 'blocked', checkpoint: { blocked_nodes: ['pay'] } });
    expect(runner.http.sent).toHaveLength(1);
    expect(await reconcileEffect(options, context, { run_id, node_id: 'pay', outcome: 'succeeded', output: 'seen in the ledger' })).toMatchObject({ ok: true });
    await runner.execute(run_id);
    expect(await runner.load(run_id)).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { tell: { content: 'seen in the ledger' } } } });
    expect(runner.http.sent).toHaveLength(1);
  });

  it('goes through pausing when its automation is paused, and is paused once its runner has let go', async () => {
    const { runner, run_id, executing, options } = await underWay();
    const run = await runner.load(run_id);
    await pauseWithAutomation(options, { ref: runner.ref(run_id), definition: await runner.definitions.get(runner.ref(run_id), run.workflow_definition_snapshot_hash), automation_id: 'a' });
    await executing;
    expect((await runner.load(run_id)).status).toBe('paused');
    expect(runner.eventTypes(run_id).slice(-2)).toEqual(['run_pause_requested', 'run_paused']);
  });

  it('is settled by whoever gets the message of a runner that died', async () => {
    const { runner, run_id, options } = await underWay();
    const run = await runner.load(run_id);
    const definition = await runner.definitions.get(runner.ref(run_id), run.workflow_definition_snapshot_hash);
    await pauseWithAutomation({ ...options, changes: { announce: () => undefined, listen: () => () => undefined } }, { ref: runner.ref(run_id), definition, automation_id: 'a' });
    runner.expireClaims();
    await runner.execute(run_id, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect((await runner.load(run_id)).status).toBe('paused');
  });
});

describe('cancelling a run while it executes', () => {
  it('ends it at once, and what the step answers later changes nothing', async () => {
    const { runner, run_id, executing, options } = await underWay();
    expect(await cancelRun(options, context, { run_id })).toMatchObject({ ok: true, value: { run: { status: 'cancelled', stop_kind: 'operator_stopped' } } });
    await executing;
    const again = await cancelRun(options, context, { run_id });
    expect(again).toMatchObject({ ok: true, value: { events: [], run: { status: 'cancelled' } } });
    expect(runner.eventTypes(run_id).filter((type) => type === 'run_stopped')).toHaveLength(1);
  });
});

describe('a pause that races the end of the run', () => {
  it('takes effect or is refused, and never revives a run that has completed', async () => {
    const seen: string[] = [];
    // Every moment of the run in turn, until it was over three times.
    for (let moment = 0; moment < 2000 && seen.filter((status) => status === 'completed').length < 3; moment += 1) {
      const runner = new InMemoryRunner();
      await runner.define(automation([post('pay')]));
      const run_id = await runner.start('a');
      answer(runner);
      const executing = runner.execute(run_id);
      for (let turn = 0; turn < moment; turn += 1) await Promise.resolve();
      const paused = await pauseRun(optionsOf(runner), context, { run_id });
      await executing;
      const { status } = await runner.load(run_id);
      expect(status).toBe(paused.ok ? 'paused' : 'completed');
      seen.push(status);
    }
    expect(seen.filter((status) => status === 'completed')).toHaveLength(3);
    expect(seen.filter((status) => status === 'paused').length).toBeGreaterThan(10);
  });
});

describe('repeating a command with its key', () => {
  it('retries a node once', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run_id = await runner.start('a');
    await runner.execute(run_id);
    const request = { run_id, node_id: 'pay', command_id: 'key-1' };
    expect(await retryTask(optionsOf(runner), context, request)).toMatchObject({ ok: true, value: { reset_nodes: ['pay'], cleared_outputs: ['pay'] } });
    await runner.execute(run_id);
    expect(await retryTask(optionsOf(runner), context, request)).toMatchObject({ ok: true, value: { reset_nodes: ['pay'], events: [] } });
    expect((await runner.load(run_id)).status).toBe('completed');
    expect(runner.http.sent.map((step) => step.idempotency?.key)).toEqual([`${run_id}:pay:0`, `${run_id}:pay:1`]);
  });
});

describe('repairing a step', () => {
  it('edits the automation, pins the edit for the run, and does the step again', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run_id = await runner.start('a');
    await runner.execute(run_id);
    const before = await runner.load(run_id);
    const repaired = await repairRun(optionsOf(runner), context, { run_id, node_id: 'pay', prompt: 'Pay slowly' });
    expect(repaired).toMatchObject({ ok: true, value: { reset_nodes: ['pay'], automation: { flow: { nodes: [{ metadata: { builder: { prompt: 'Pay slowly' } } }] } } } });
    const { workflow_definition_snapshot_hash: hash } = await runner.load(run_id);
    expect(hash).not.toBe(before.workflow_definition_snapshot_hash);
    expect(await createAutomation(optionsOf(runner), context, (await runner.definitions.get(runner.ref(run_id), hash)) as never)).toMatchObject({ ok: true });
  });

  it('names what it needs', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run_id = await runner.start('a');
    const refused = (code: string) => ({ ok: false, refusal: { code } });
    expect(await repairRun(optionsOf(runner), context, { run_id, node_id: ' ' })).toMatchObject(refused('AUTOMATION_V2_REPAIR_NODE_REQUIRED'));
    expect(await repairRun(optionsOf(runner), context, { run_id, node_id: 'pay' })).toMatchObject(refused('AUTOMATION_V2_RUN_NOT_REPAIRABLE'));
    await runner.execute(run_id);
    expect(await repairRun(optionsOf(runner), context, { run_id, node_id: 'nobody' })).toMatchObject(refused('AUTOMATION_V2_REPAIR_NODE_NOT_FOUND'));
    expect(await repairRun(optionsOf(runner), context, { run_id, node_id: 'pay', template_id: 'x' })).toMatchObject(refused('AUTOMATION_V2_REPAIR_AGENT_NOT_FOUND'));
  });
});

describe('a paused automation', () => {
  it('holds its queued runs at the claim, and starts no new ones', async () => {
    const runner = new InMemoryRunner();
    const statuses: AutomationStatuses = { statusOf: async (tenant, id) => (await runner.store.last({ ...tenant, aggregate: 'automation', id }))?.status ?? 'absent', readStatus: async (tenant, id) => (await runner.store.last({ ...tenant, aggregate: 'automation', id }))?.status ?? 'absent' };
    await runner.define(automation([post('pay')]));
    const run_id = await runner.start('a');
    await pauseAutomation(optionsOf(runner), context, { automation_id: 'a' });
    const executor = runner.newExecutor('runner-1', { automations: statuses });
    await runner.execute(run_id, { executor });
    expect(await runner.load(run_id)).toMatchObject({ status: 'queued', scheduler: { queue_reason: 'automation_paused' } });
    await expect(runner.start('a')).rejects.toThrow('AUTOMATION_V2_NOT_RUNNABLE');
    expect(await resumeAutomation(optionsOf(runner), context, { automation_id: 'a' })).toMatchObject({ ok: true, value: { automation: { status: 'active' } } });
  });
});
