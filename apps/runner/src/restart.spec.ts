import { patchAutomation, runAggregate, superviseRun, type StepOutcome } from '@cs/automation-application';
import { decideRun, type RunCommand } from '@cs/automation-domain';
import { executeCommand } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { automation, context, human, InMemoryRunner, steps } from './in-memory-runner.fixture.js';

const { post, transform } = steps;
const minute = 60_000;

/** A runner in whose first step it dies: the step leaves, and nobody hears what became of it. */
const dieInStep = async (nodes: readonly Json[]): Promise<{ readonly runner: InMemoryRunner; readonly run: string }> => {
  const runner = new InMemoryRunner();
  await runner.define(automation(nodes));
  const run = await runner.start('a');
  const stop = new AbortController();
  runner.http.answer = () => {
    stop.abort();
    return { kind: 'aborted' };
  };
  await runner.execute(run, { signal: stop.signal });
  runner.http.answer = () => ({ kind: 'succeeded', output: 'ok' });
  return { runner, run };
};

const operate = async (runner: InMemoryRunner, run: string, command: RunCommand): Promise<void> => {
  const { workflow_definition_snapshot_hash } = await runner.load(run);
  const definition = await runner.definitions.get(runner.ref(run), workflow_definition_snapshot_hash);
  const result = await executeCommand(runner.ref(run), { eventing: runner.eventing, aggregate: runAggregate, context: { actor: human }, decide: (state, at_ms) => decideRun(command, state, { at_ms, definition }) });
  if (result.kind !== 'accepted') throw new Error(JSON.stringify(result));
};

const supervise = (runner: InMemoryRunner, run: string, command: Parameters<typeof superviseRun>[2]): Promise<boolean> =>
  superviseRun({ eventing: runner.eventing, definitions: runner.definitions, changes: { announce: () => undefined, listen: () => () => undefined } }, runner.ref(run), command);

describe('run claims, retry, restart', () => {
  it('claim stores a durable claim', async () => {
    const { runner, run } = await dieInStep([post('pay')]);
    expect(await runner.load(run)).toMatchObject({ status: 'running', execution_claim: { claimant_id: 'runner-1', lease_epoch: 1 }, checkpoint: { in_progress: { pay: { attempt: 1 } } } });
  });

  it('one of many concurrent claimants wins: when all get the message at once, the last to claim fences the others, and one result counts', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run = await runner.start('a');
    const executors = Array.from({ length: 8 }, (_, index) => runner.newExecutor(`runner-${index}`));
    await Promise.all(executors.map((executor) => runner.execute(run, { executor })));
    expect(runner.eventTypes(run).filter((type) => type === 'node_completed' || type === 'run_completed')).toEqual(['node_completed', 'run_completed']);
    const claims = runner.eventTypes(run).filter((type) => type === 'run_execution_claimed').length;
    expect((await runner.load(run)).execution_claim_epoch).toBe(claims);
    expect(new Set(runner.http.sent.map(({ idempotency }) => idempotency?.key))).toEqual(new Set([`${run}:pay:0`]));
  });

  it('abandoned claims requeue (redelivery of the queue message): the next runner takes over and sends under the same key', async () => {
    const { runner, run } = await dieInStep([post('pay')]);
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect(runner.eventTypes(run)).toEqual(expect.arrayContaining(['run_execution_claim_expired_requeued']));
    expect((await runner.load(run)).status).toBe('completed');
    expect(new Set(runner.http.sent.map(({ idempotency }) => idempotency?.key))).toEqual(new Set([`${run}:pay:0`]));
  });

  it('shutdown leaves a running run resumable, and says so', async () => {
    const { runner, run } = await dieInStep([post('pay')]);
    expect(runner.eventTypes(run)).toContain('run_interrupted_shutdown');
    expect((await runner.load(run)).status).toBe('running');
    expect((await runner.load(run)).execution_claim_epoch).toBe(1);
  });

  it('needs-repair output (one that does not fit its contract) is retried and completed on the second attempt', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([{ ...(post('order') as object), output_contract: { kind: 'order', schema: { type: 'object', required: ['amount'] } } } as never]));
    const run = await runner.start('a');
    const answers: StepOutcome[] = [{ kind: 'succeeded', output: { total: 1 } }, { kind: 'succeeded', output: { amount: 1 } }];
    runner.http.answer = () => answers.shift() ?? { kind: 'aborted' };
    await runner.execute(run);
    expect(await runner.load(run)).toMatchObject({ status: 'paused', pause_reason: 'schema_validation_failed', checkpoint: { last_failure: { kind: 'output_schema_invalid' } } });
    await operate(runner, run, { type: 'resume_run' });
    await runner.execute(run);
    expect(await runner.load(run)).toMatchObject({ status: 'completed', checkpoint: { node_attempts: { order: 2 } } });
  });

  it('restart: queued is preserved', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run = await runner.start('a');
    const before = await runner.load(run);
    runner.now += minute / 2;
    expect(await supervise(runner, run, { type: 'renew_queue_message', version: before.version })).toBe(false);
    expect(await runner.load(run)).toEqual(before);
  });

  it('restart: paused is preserved', async () => {
    const { runner, run } = await dieInStep([post('pay')]);
    await operate(runner, run, { type: 'pause_run' });
    const before = await runner.load(run);
    await runner.execute(run, { redelivered: true });
    expect(await runner.load(run)).toEqual(before);
  });

  it('restart: blocked is preserved', async () => {
    const { runner, run } = await dieInStep([post('pay', { idempotency: 'none' })]);
    await runner.execute(run, { redelivered: true });
    const before = await runner.load(run);
    expect(before.status).toBe('blocked');
    await runner.execute(run, { redelivered: true });
    expect(await runner.load(run)).toEqual(before);
    expect(runner.http.sent).toHaveLength(1);
  });

  it('restart: a run that was pausing when its runner died is paused', async () => {
    const { runner, run } = await dieInStep([post('pay')]);
    await operate(runner, run, { type: 'request_pause', reason: 'end of day' });
    expect((await runner.load(run)).status).toBe('pausing');
    expect(await supervise(runner, run, { type: 'settle_pausing_on_restart' })).toBe(true);
    expect(await runner.load(run)).toMatchObject({ status: 'paused', pause_reason: 'end of day' });
  });

  it('restart: a run that was pausing when its runner died is paused when its queue message comes again, once, and goes on under the same key when it is resumed', async () => {
    const { runner, run } = await dieInStep([post('pay')]);
    await operate(runner, run, { type: 'request_pause', reason: 'end of day' });
    const successor = runner.newExecutor('runner-2');
    runner.expireClaims();
    expect(await runner.execute(run, { redelivered: true, executor: successor })).toEqual({ kind: 'done' });
    expect(await runner.load(run)).toMatchObject({ status: 'paused', pause_reason: 'end of day' });
    await runner.execute(run, { redelivered: true, executor: successor });
    expect(runner.eventTypes(run).filter((type) => type === 'run_pausing_settled_on_restart')).toHaveLength(1);
    expect(runner.http.sent).toHaveLength(1);

    await operate(runner, run, { type: 'resume_run' });
    await runner.execute(run, { executor: successor });
    expect((await runner.load(run)).status).toBe('completed');
    expect(runner.http.sent.map(({ idempotency }) => idempotency?.key)).toEqual([`${run}:pay:0`, `${run}:pay:0`]);
  });

  it('stale runs (steps in flight whose runner is gone for good) are paused with repairable nodes, and go on by themselves', async () => {
    const { runner, run } = await dieInStep([post('pay'), transform('end', '1', ['pay'])]);
    runner.now += 11 * minute;
    expect(await supervise(runner, run, { type: 'reap_stale' })).toBe(true);
    expect(await runner.load(run)).toMatchObject({ status: 'paused', stop_kind: 'stale_reaped', checkpoint: { node_outputs: { pay: { contract_kind: 'needs_repair' } } } });
    expect(await supervise(runner, run, { type: 'auto_resume' })).toBe(true);
    await runner.execute(run);
    expect((await runner.load(run)).status).toBe('completed');
  });

  it('snapshot preferred over an edited definition: a run keeps the definition it was started with', async () => {
    const { runner, run } = await dieInStep([post('pay')]);
    const patched = await patchAutomation({ eventing: runner.eventing, definitions: runner.definitions, evaluator: runner.evaluator }, context, { automation_id: 'a', patch: { flow: { nodes: [post('other')] } } });
    expect(patched.ok).toBe(true);
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect(Object.keys((await runner.load(run)).checkpoint.node_outputs)).toEqual(['pay']);
  });

  it('guardrail-stopped run auto-resumes after quota approval', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('one'), post('two', {}, ['one'])], { execution: { max_total_tool_calls: 1 } }));
    const run = await runner.start('a');
    await runner.execute(run);
    expect(await runner.load(run)).toMatchObject({ status: 'paused', stop_kind: 'guardrail_stopped', usage: { tool_calls: 1 } });
    await operate(runner, run, { type: 'override_guardrails', limits: { max_total_tool_calls: 2 }, approved_by: { kind: 'human', actor_id: 'ada' } });
    await runner.execute(run);
    expect((await runner.load(run)).status).toBe('completed');
  });
});
