import { patchAutomation, retryTask } from '@cs/automation-application';
import type { Json } from '@cs/kernel';
import { automation, context, InMemoryRunner, steps } from './in-memory-runner.fixture.js';

const { transform } = steps;
const gate = (...depends_on: string[]): Json => ({ node_id: 'sign', objective: 'Pay?', depends_on, gate: { required: true } });
const pay = (body: Json, extra: object = {}): Json => ({
  node_id: 'pay', objective: 'Pay', depends_on: ['sign'], action: { kind: 'http', method: 'POST', url: 'http://peer/pay', headers: { authorization: '{{ secrets.TOKEN }}' }, body }, ...extra,
});
const amount = { amount: '{{ nodes.price.output }}' };
const notify: Json = { node_id: 'notify', objective: 'Notify', depends_on: ['sign'], action: { kind: 'http', method: 'POST', url: 'http://peer/notify', body: {} } };

const optionsOf = (runner: InMemoryRunner) => ({
  eventing: runner.eventing, definitions: runner.definitions, evaluator: runner.evaluator, changes: { announce: () => undefined, listen: () => () => undefined },
});

/** A run at its gate. */
const atGate = async (...nodes: readonly Json[]) => {
  const runner = new InMemoryRunner();
  await runner.define(automation([transform('price', '10'), gate('price'), ...nodes]));
  const run_id = await runner.start('a');
  await runner.execute(run_id);
  return { runner, run_id };
};

const refuse = { kind: 'failed', failure: { kind: 'http_status', message: 'the peer said no' }, effect: 'answered', retryable: false } as const;

/** Approved, refused by the peer; then somebody edits the automation and has the step tried again. */
const retriedWith = async (edited: readonly Json[], ...nodes: readonly Json[]) => {
  const { runner, run_id } = await atGate(...nodes);
  runner.http.answer = (step) => (step.url.endsWith('/pay') ? refuse : { kind: 'succeeded', output: 'ok' });
  await runner.decide(run_id, 'approve');
  await runner.execute(run_id);
  expect((await runner.load(run_id)).status).toBe('failed');
  runner.http.answer = () => ({ kind: 'succeeded', output: 'paid' });
  runner.http.sent.length = 0;
  expect(await patchAutomation(optionsOf(runner), context, { automation_id: 'a', patch: { flow: { nodes: [transform('price', '10'), gate('price'), ...edited] } } as Json })).toMatchObject({ ok: true });
  expect(await retryTask(optionsOf(runner), context, { run_id, node_id: 'pay' })).toMatchObject({ ok: true });
  await runner.execute(run_id);
  return { runner, run_id, run: await runner.load(run_id) };
};

describe('an approval', () => {
  it('shows exactly what goes out: resolved arguments, and secrets by their names', async () => {
    const { runner, run_id } = await atGate(pay(amount));
    const [release] = (await runner.load(run_id)).checkpoint.awaiting_gate?.releases ?? [];
    expect(release).toMatchObject({ node_id: 'pay', action_kind: 'http', arguments: { method: 'POST', url: 'http://peer/pay', headers: { authorization: 'secrets.TOKEN' }, body: { amount: 10 } } });
    expect(release?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(JSON.stringify(runner.store.all())).not.toContain('tok-secret');
  });

  it('lets what was shown go out, once', async () => {
    const { runner, run_id } = await atGate(pay(amount));
    await runner.decide(run_id, 'approve');
    await runner.execute(run_id);
    expect([(await runner.load(run_id)).status, runner.http.sent.map(({ body }) => body)]).toEqual(['completed', [{ amount: 10 }]]);
  });

  it('of one thing lets nothing else out: the gate asks again and shows the difference', async () => {
    const { runner, run_id, run } = await retriedWith([pay({ amount: 1000 })], pay(amount));
    expect(run).toMatchObject({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { node_id: 'sign', reopened_because: { node_id: 'pay', differences: [{ path: 'action.body.amount', approved: 10, actual: 1000 }] } } } });
    expect(run.checkpoint.awaiting_gate?.gate_opening_id).toMatch(/:sign:2$/);
    expect(runner.http.sent).toEqual([]);
    expect(runner.eventTypes(run_id)).toContain('approval_binding_broken');
    await runner.decide(run_id, 'approve');
    await runner.execute(run_id);
    expect([(await runner.load(run_id)).status, runner.http.sent.map(({ body }) => body)]).toEqual(['completed', [{ amount: 1000 }]]);
  });

  it('still holds when the step is tried again as it was shown', async () => {
    const { runner, run } = await retriedWith([pay(amount, { objective: 'Pay it back' })], pay(amount));
    expect([run.status, runner.http.sent.length]).toEqual(['completed', 1]);
  });

  it('that is asked for again leaves alone what else it released and is done', async () => {
    const { runner, run_id } = await retriedWith([pay({ amount: 1000 }), notify], pay(amount), notify);
    await runner.decide(run_id, 'approve');
    await runner.execute(run_id);
    expect((await runner.load(run_id)).status).toBe('completed');
    expect(runner.http.sent.map(({ url }) => url)).toEqual(['http://peer/pay']);
  });

  it('binds a list and what is done with each of its items', async () => {
    const each = (items: Json): Json => pay({ to: '{{ item }}' }, { for_each: { items } });
    const { run } = await retriedWith([each(['ada', 'eve'])], each(['ada', 'bob']));
    expect(run.checkpoint.awaiting_gate?.reopened_because?.differences).toEqual([{ path: 'action.items[1]', approved: 'bob', actual: 'eve' }]);
  });

  it('does not cover arguments that became unknowable', async () => {
    const { run } = await retriedWith([pay({ amount: '{{ nodes.sign.output.nothing }}' })], pay(amount));
    expect(run).toMatchObject({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { reopened_because: { node_id: 'pay' } } } });
  });

  it('says so where arguments depend on the decision, and binds nothing', async () => {
    const { runner, run_id } = await atGate(pay({ by: '{{ nodes.sign.output.decided_by.kind }}' }));
    const releases = (await runner.load(run_id)).checkpoint.awaiting_gate?.releases ?? [];
    expect(releases.map(({ node_id, digest, note }) => [node_id, digest, note?.split(':')[0]])).toEqual([['pay', undefined, 'its arguments are not known yet']]);
    await runner.decide(run_id, 'approve');
    await runner.execute(run_id);
    expect([(await runner.load(run_id)).status, runner.http.sent.map(({ body }) => body)]).toEqual(['completed', [{ by: 'human' }]]);
  });
});
