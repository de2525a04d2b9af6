import { automationDefinitionSchema } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { automation, nodes } from './in-memory-application.fixture.js';
import { eventually, InMemoryExecution } from './run-executor.fixture.js';
import type { StepOutcome } from './step-runner.port.js';

const { http, transform, gate, timer } = nodes;

describe('a runner that lost its run', () => {
  const interrupted = async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([http('pay'), http('next', {}, ['pay'])]);
    const finish: ((outcome: StepOutcome) => void)[] = [];
    execution.answer = () => new Promise((resolve) => finish.push(resolve));
    const [message] = execution.messages(run);
    const first = execution.execute(message);
    await eventually(() => finish.length === 1);
    execution.expireClaims();
    const second = execution.execute(message, { by: 'runner-2', redelivered: true });
    await eventually(() => finish.length === 2);
    return { execution, run, finish, first, second };
  };

  it('leaves the message to the one that has it now: an ack would end the other\'s lease', async () => {
    const { execution, run, finish, first, second } = await interrupted();
    finish[0]?.({ kind: 'succeeded', output: 'first' });
    expect(await first).toEqual({ kind: 'retry-later', delayMs: 15_000, reason: 'another runner executes the run' });
    expect((await execution.app.run(run)).checkpoint.completed_nodes).toEqual([]);
    finish[1]?.({ kind: 'succeeded', output: 'second' });
    await eventually(() => finish.length === 3);
    finish[2]?.({ kind: 'succeeded', output: 'next' });
    expect(await second).toEqual({ kind: 'done' });
    expect(await execution.app.run(run)).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { pay: { content: 'second' } } } });
  });

  it('is done with it when the run has come to rest meanwhile', async () => {
    const { finish, first, second } = await interrupted();
    finish[1]?.({ kind: 'succeeded', output: 'second' });
    await eventually(() => finish.length === 3);
    finish[2]?.({ kind: 'succeeded', output: 'next' });
    expect(await second).toEqual({ kind: 'done' });
    finish[0]?.({ kind: 'succeeded', output: 'first' });
    expect(await first).toEqual({ kind: 'done' });
  });
});

describe('one message that several runners have at once', () => {
  it('is executed by the one whose claim is written first: whoever loses that append leaves the run alone', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([http('pay')]);
    const finish: ((outcome: StepOutcome) => void)[] = [];
    execution.answer = () => new Promise((resolve) => finish.push(resolve));
    const [message] = execution.messages(run);
    const left: unknown[] = [];
    const executions = [1, 2, 3, 4, 5].map(async (runner) => left.push(await execution.execute(message, { by: `runner-${runner}`, redelivered: runner > 1 })));
    await eventually(() => left.length === 4);
    expect(left).toEqual(Array(4).fill({ kind: 'retry-later', delayMs: 15_000, reason: 'another runner executes the run' }));
    finish[0]?.({ kind: 'succeeded', output: 'paid' });
    await Promise.all(executions);
    expect(left[4]).toEqual({ kind: 'done' });
    expect(execution.sent).toHaveLength(1);
    expect(await execution.app.run(run)).toMatchObject({ status: 'completed', execution_claim_epoch: 1 });
  });
});

describe('a run that another runner has claimed', () => {
  const claimed = async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([http('pay', { idempotency: 'none' })]);
    const finish: ((outcome: StepOutcome) => void)[] = [];
    execution.answer = () => new Promise((resolve) => finish.push(resolve));
    const [message] = execution.messages(run);
    const first = execution.execute(message);
    await eventually(() => finish.length === 1);
    return { execution, run, message, finish, first };
  };

  // The claim is written 1 ms after what it claims.
  it.each([[0, 15_000], [14_000, 1001]])('is left alone until its claim expires, and looked at again then: after %i ms', async (elapsed, delayMs) => {
    const { execution, run, message, finish, first } = await claimed();
    execution.app.now += elapsed;
    expect(await execution.execute(message, { by: 'runner-2', redelivered: true })).toEqual({ kind: 'retry-later', delayMs, reason: 'another runner has claimed the run' });
    finish[0]?.({ kind: 'succeeded', output: 'paid' });
    expect(await first).toEqual({ kind: 'done' });
    expect([execution.sent.length, (await execution.app.run(run)).status]).toEqual([1, 'completed']);
  });

  it('is looked at again within the lease also by a runner whose clock is behind', async () => {
    const { execution, message } = await claimed();
    execution.app.now -= 3_600_000;
    expect(await execution.execute(message, { by: 'runner-2', redelivered: true })).toMatchObject({ delayMs: 15_000 });
  });

  it('is taken over when its claim has expired', async () => {
    const { execution, run, message } = await claimed();
    execution.expireClaims();
    expect(await execution.execute(message, { by: 'runner-2', redelivered: true })).toEqual({ kind: 'done' });
    expect([execution.sent.length, (await execution.app.run(run)).status]).toEqual([1, 'blocked']);
  });

  it('is taken over at once when its runner has handed it back', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([http('pay')]);
    const stopping = new AbortController();
    let abort: (outcome: StepOutcome) => void = () => undefined;
    execution.answer = () => new Promise((resolve) => (abort = resolve));
    const [message] = execution.messages(run);
    if (message === undefined) throw new Error('no message');
    const first = execution.executor('runner-1').execute(message, { redelivered: false, signal: stopping.signal });
    await eventually(() => execution.sent.length === 1);
    stopping.abort();
    abort({ kind: 'aborted' });
    expect(await first).toEqual({ kind: 'retry-later', delayMs: 0, reason: 'the runner stops' });
    execution.answer = () => ({ kind: 'succeeded', output: 'paid' });
    expect(await execution.execute(message, { by: 'runner-2', redelivered: true })).toEqual({ kind: 'done' });
    expect(await execution.app.run(run)).toMatchObject({ status: 'completed', execution_claim_epoch: 2 });
  });

  it('is taken over at once by the process that claimed it and failed meanwhile', async () => {
    const { execution, run, message } = await claimed();
    expect(await execution.execute(message, { redelivered: true })).toEqual({ kind: 'done' });
    expect((await execution.app.run(run)).status).toBe('blocked');
  });

  it('is not paused under its runner: whoever has the message too leaves that to it', async () => {
    const { execution, run, message, finish, first } = await claimed();
    await execution.requestPause(run);
    expect(await execution.execute(message, { by: 'runner-2', redelivered: true })).toMatchObject({ kind: 'retry-later', delayMs: 15_000 });
    expect((await execution.app.run(run)).status).toBe('pausing');
    finish[0]?.({ kind: 'succeeded', output: 'paid' });
    expect(await first).toEqual({ kind: 'done' });
    expect((await execution.app.run(run)).status).toBe('paused');
  });
});

describe('two waits that end together', () => {
  it('bring one runner: it is not taken over by the message of the other wait', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([timer('t1'), timer('t2'), http('pay', { idempotency: 'none' }, ['t1', 't2'])]);
    await execution.execute(execution.messages(run)[0]);
    await execution.fireTimers(run);
    const [, first, second] = execution.messages(run);
    expect(execution.messages(run)).toHaveLength(3);
    let finish: (outcome: StepOutcome) => void = () => undefined;
    execution.answer = () => new Promise((resolve) => (finish = resolve));
    const paying = execution.execute(second);
    await eventually(() => execution.sent.length === 1);
    expect(await execution.execute(first, { by: 'runner-2' })).toEqual({ kind: 'done' });
    finish({ kind: 'succeeded', output: 'paid' });
    await paying;
    expect(await execution.app.run(run)).toMatchObject({ status: 'completed', execution_claim_epoch: 2 });
    expect(execution.sent).toHaveLength(1);
  });
});

describe('the same message several times in one process', () => {
  it('is handled once after another, and executes everything once', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([http('pay')]);
    const [message] = execution.messages(run);
    if (message === undefined) throw new Error('no message');
    const executor = execution.executor('runner-1');
    const { signal } = new AbortController();
    const outcomes = await Promise.all([1, 2, 3, 4].map((delivery) => executor.execute(message, { redelivered: delivery > 1, signal })));
    expect(outcomes).toEqual(Array(4).fill({ kind: 'done' }));
    expect([execution.sent.length, (await execution.app.run(run)).execution_claim_epoch, executor.executing]).toEqual([1, 1, 0]);
  });
});

describe('a definition that does not fit', () => {
  const damaged = (...flow: Json[]) => automationDefinitionSchema.parse(automation(flow));

  it.each<[string, Json[]]>([
    ['a node without work', [{ node_id: 'a', objective: 'a' }]],
    ['a gate that is not required', [{ node_id: 'a', objective: 'a', gate: { required: false } }]],
    ['a node of a kind that is not known', [{ node_id: 'a', objective: 'a' }, gate('sign'), transform('z', '1', ['a'])]],
    ['nodes that wait for each other', [transform('a', '1', ['b']), transform('b', '1', ['a'])]],
  ])('ends its run instead of occupying the runner: %s', async (_name, flow) => {
    const execution = new InMemoryExecution();
    const run = await execution.startDamaged(damaged(...flow));
    expect(await execution.execute(execution.messages(run)[0])).toEqual({ kind: 'done' });
    expect((await execution.app.run(run)).status).toBe(flow.length === 3 ? 'awaiting_approval' : 'failed');
  });

  it('ends it also with a node in progress that it does not know', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([http('pay')]);
    execution.answer = () => new Promise(() => undefined);
    void execution.execute(execution.messages(run)[0]);
    await eventually(() => execution.sent.length === 1);
    execution.app.definitions.get = () => Promise.resolve(damaged(transform('z', '1')));
    execution.expireClaims();
    expect(await execution.execute(execution.messages(run)[0], { by: 'runner-2', redelivered: true })).toEqual({ kind: 'done' });
    const state = await execution.app.run(run);
    expect([state.status, state.detail, state.checkpoint.in_progress]).toEqual(['failed', 'corrupt checkpoint: node "pay" is not in the definition; nothing was executed', {}]);
  });
});

describe('a step whose intent could not be written', () => {
  it('is not sent: someone else completed its node in between', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([http('pay'), transform('end', 'nodes.pay.output', ['pay'])]);
    const [message] = execution.messages(run);
    const { store } = execution.app;
    const append = store.append.bind(store);
    store.append = async (...commit) => {
      store.append = append;
      await execution.completeByHand(run, 'pay');
      return await append(...commit);
    };
    await execution.execute(message);
    // What was written in between left the run queued, and is the message that counts now.
    await execution.execute(execution.messages(run).at(-1));
    expect(execution.sent).toEqual([]);
    expect(await execution.app.run(run)).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { end: { content: 'by hand' } } } });
  });
});

describe('the texts of a gate', () => {
  it('show values that are no text as JSON', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([transform('order', '{"id": 7}'), gate('sign', ['order'], { objective: '{{ nodes.order.output }}' })]);
    await execution.execute(execution.messages(run)[0]);
    expect((await execution.app.run(run)).checkpoint.awaiting_gate?.title).toBe('{"id":7}');
  });

  it('end the run when they cannot be resolved: nobody can sign what nobody can read', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([gate('sign', [], { objective: 'Pay {{ input.amount }}' })]);
    await execution.execute(execution.messages(run)[0]);
    expect(await execution.app.run(run)).toMatchObject({ status: 'failed', detail: 'gate "sign" cannot be shown: objective: "input.amount" selects nothing' });
  });
});

describe('a timer', () => {
  it('fails its node when its time cannot be told', async () => {
    const execution = new InMemoryExecution();
    const run = await execution.start([{ node_id: 'wait', objective: 'wait', wait: { kind: 'timer', wake_at: '{{ input.when }}' } }]);
    await execution.execute(execution.messages(run)[0]);
    expect(await execution.app.run(run)).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'wait', path: 'wait.wake_at' } } });
  });
});
