import type { Json } from '@cs/kernel';
import type { CallContext } from '@cs/contracts';
import { ada, automation, callBy, InMemoryApplication, nodes, problemsOf, refusalOf, valueOf } from './in-memory-application.fixture.js';
import { requestRun, type RunRequest } from './request-run.command-handler.js';
import { createAutomation, patchAutomation } from './store-automation.command-handler.js';

const { transform, gate } = nodes;

const setUp = async (extra: Record<string, Json> = {}) => {
  const app = new InMemoryApplication();
  const stored = valueOf(await createAutomation(app, callBy(), automation([transform('a', '1'), gate('sign', ['a'])], extra))).automation;
  const request = (change: Partial<RunRequest> = {}, context: CallContext = callBy()) => requestRun(app, context, { automation_id: 'refunds', ...change });
  return { app, stored, request };
};

describe('requesting a run', () => {
  it('pins the definition and queues the run in one commit', async () => {
    const { app, stored, request } = await setUp({ execution: { profile: 'strict' } });
    const { run, position } = valueOf(await request({ input: { amount: 42 } }));
    expect(run).toMatchObject({
      run_id: 'automation-v2-run-id-1', status: 'queued', input: { amount: 42 }, requested_by: ada, trigger_type: 'manual', effective_execution_profile: 'strict',
      workflow_definition_version: stored.definition_version, workflow_definition_snapshot_hash: stored.definition_hash, context_run_id: 'automation-v2-automation-v2-run-id-1',
      checkpoint: { pending_nodes: ['a', 'sign'] },
    });
    expect([position, app.commits('run')]).toEqual([3, ['run_created']]);
  });

  it('keeps the definition of its time', async () => {
    const { app, stored, request } = await setUp();
    const { run } = valueOf(await request());
    await patchAutomation(app, callBy(), { automation_id: 'refunds', patch: { name: 'Other' } });
    expect((await app.run(run.run_id)).workflow_definition_snapshot_hash).toBe(stored.definition_hash);
    expect(valueOf(await request()).run.workflow_definition_snapshot_hash).not.toBe(stored.definition_hash);
  });

  it('completes a dry run at once, so that no runner ever hears of it', async () => {
    const { app, request } = await setUp();
    expect(valueOf(await request({ dry_run: true })).run).toMatchObject({ status: 'completed', checkpoint: { pending_nodes: ['a', 'sign'], node_attempts: {} } });
    expect(app.commits('run')).toEqual(['run_created run_completed']);
    expect(app.store.all().at(-1)?.status).toBe('completed');
  });

  it('is refused while the automation is paused', async () => {
    const { request } = await setUp({ status: 'paused' });
    expect(refusalOf(await request())).toMatchObject({ code: 'AUTOMATION_V2_NOT_RUNNABLE', details: { automationID: 'refunds' } });
  });

  it('answers the same for an id that nobody has and one that another tenant has', async () => {
    const { app, request } = await setUp();
    const refusal = { code: 'AUTOMATION_V2_NOT_FOUND', message: 'there is no automation "refunds"', details: { automationID: 'refunds' } };
    for (const where of [{ org_id: 'other' }, { workspace_id: 'other' }, { deployment_id: 'eu' }]) expect(refusalOf(await request({}, callBy(ada, where)))).toEqual(refusal);
    expect(refusalOf(await requestRun(new InMemoryApplication(), callBy(), { automation_id: 'refunds' }))).toEqual(refusal);
    expect(app.commits('run')).toEqual([]);
  });
});

describe('the input of a run', () => {
  const schema: Json = {
    type: 'object', required: ['order_id', 'lines'], additionalProperties: false,
    properties: { order_id: { type: 'string', minLength: 1 }, lines: { type: 'array', items: { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } } }, 'a/b': { type: 'number' } },
  };

  it('that fits its schema is taken', async () => {
    const { request } = await setUp({ input_schema: schema });
    expect((await request({ input: { order_id: 'o', lines: [{ amount: 1 }] } })).ok).toBe(true);
  });

  it('that does not fit is refused with the place of every problem', async () => {
    const { app, request } = await setUp({ input_schema: schema });
    const refused = await request({ input: { order_id: '', lines: [{ amount: 1 }, {}, { amount: 'x' }], 'a/b': 'x', extra: 1 } });
    expect(refusalOf(refused).code).toBe('AUTOMATION_V2_INPUT_INVALID');
    expect([...problemsOf(refused)].sort()).toEqual([
      ['input.a/b', 'type'], ['input.extra', 'additionalProperties'], ['input.lines[1].amount', 'required'], ['input.lines[2].amount', 'type'], ['input.order_id', 'minLength'],
    ]);
    expect(problemsOf(await request())).toEqual([['input.order_id', 'required'], ['input.lines', 'required']]);
    expect(problemsOf(await request({ input: [] }))).toEqual([['input', 'type']]);
    expect(app.commits('run')).toEqual([]);
  });

  it('is anything when there is no schema, and an empty object when none is sent', async () => {
    const { request } = await setUp();
    for (const input of [undefined, null]) expect(valueOf(await request({ input, command_id: 'key' })).run.input).toEqual({});
    for (const input of [[1], 'text', 0, false]) expect(valueOf(await request({ input })).run.input).toEqual(input);
  });
});

describe('a request with an idempotency key', () => {
  it('finds its run when it comes again, with the state of now', async () => {
    const { app, request } = await setUp();
    const first = valueOf(await request({ command_id: 'key-1', input: { a: 1, b: 2 } }));
    expect(first.run.run_id).toMatch(/^automation-v2-run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    app.now += 1000;
    expect(valueOf(await request({ command_id: 'key-1', input: { b: 2, a: 1 } }))).toEqual(first);
    expect(app.commits('run')).toHaveLength(1);
  });

  it('starts one run however many come at the same time', async () => {
    const { app, request } = await setUp();
    const all = await Promise.all(Array.from({ length: 30 }, () => request({ command_id: 'key-1' })));
    expect(new Set(all.map((result) => valueOf(result).run.run_id)).size).toBe(1);
    expect(app.commits('run')).toEqual(['run_created']);
  });

  it('is refused with another input, as a dry run, or with another profile', async () => {
    const { app, request } = await setUp();
    await request({ command_id: 'key-1', input: { a: 1 } });
    app.now += 1;
    for (const other of [{ input: { a: 2 } }, { input: { a: 1 }, dry_run: true }, { input: { a: 1 }, execution_profile: 'yolo' }]) {
      expect(refusalOf(await request({ command_id: 'key-1', ...other })).code).toBe('IDEMPOTENCY_KEY_REUSED');
    }
    await request({ command_id: 'key-2', dry_run: true });
    app.now += 1;
    expect(refusalOf(await request({ command_id: 'key-2' })).code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect((await request({ command_id: 'key-2', dry_run: true })).ok).toBe(true);
  });

  it('gets its first answer also when the automation would refuse it by now', async () => {
    const { app, request } = await setUp();
    const first = valueOf(await request({ command_id: 'key-1' }));
    await patchAutomation(app, callBy(), { automation_id: 'refunds', patch: { status: 'paused' } });
    expect(valueOf(await request({ command_id: 'key-1' }))).toEqual(first);
    expect(refusalOf(await request({ command_id: 'key-2' })).code).toBe('AUTOMATION_V2_NOT_RUNNABLE');
    await patchAutomation(app, callBy(), { automation_id: 'refunds', patch: { status: 'active', input_schema: { required: ['x'] } } });
    expect(valueOf(await request({ command_id: 'key-1' }))).toEqual(first);
    expect(refusalOf(await request({ command_id: 'key-2' })).code).toBe('AUTOMATION_V2_INPUT_INVALID');
  });

  it('is another request when another person or another deployment sends the key', async () => {
    const { request } = await setUp();
    const first = valueOf(await request({ command_id: 'key-1' })).run.run_id;
    expect(valueOf(await request({ command_id: 'key-1' }, callBy({ kind: 'human', actor_id: 'bob' }))).run.run_id).not.toBe(first);
  });
});
