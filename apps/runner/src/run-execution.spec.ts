import { automation, InMemoryRunner, steps } from './in-memory-runner.fixture.js';

const { transform, post } = steps;
const gate = (depends_on: string[], extra = {}) => ({ node_id: 'gate', objective: 'Pay {{ input.amount }}?', depends_on, gate: { required: true, rework_targets: ['a'], ...extra } });

describe('executing a run', () => {
  it('runs three transforms in one commit, each reading the one before', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([transform('a', 'input.x + 1'), transform('b', 'nodes.a.output * 2', ['a']), transform('c', '{"sum": nodes.a.output + nodes.b.output}', ['b'])]));
    const run = await runner.start('a', { x: 4 });
    expect(await runner.execute(run)).toEqual({ kind: 'done' });
    const state = await runner.load(run);
    expect(state.status).toBe('completed');
    expect(state.checkpoint.node_outputs['c']?.content).toEqual({ sum: 15 });
    expect(runner.commits(run)).toBe(2);
    expect(runner.eventTypes(run)).toEqual([
      'run_created', 'run_execution_claimed', 'node_started', 'node_completed', 'node_started', 'node_completed', 'node_started', 'node_completed', 'run_completed',
    ]);
  });

  it('records the intent of an effect before it is sent', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run = await runner.start('a');
    let seen: readonly string[] = [];
    runner.http.answer = () => {
      seen = runner.eventTypes(run);
      return { kind: 'succeeded', output: { status: 201, headers: {}, body: 1 } };
    };
    await runner.execute(run);
    expect(seen).toEqual(['run_created', 'run_execution_claimed', 'node_started']);
    expect(runner.http.sent[0]?.idempotency).toEqual({ header: 'Idempotency-Key', key: `${run}:pay:0` });
  });

  it('executes independent nodes in parallel and joins them', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('a'), post('b'), transform('join', '$count([nodes.a.output, nodes.b.output])', ['a', 'b'])]));
    const run = await runner.start('a');
    let open = 0;
    let most = 0;
    runner.http.answer = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return { kind: 'succeeded', output: 1 };
    };
    await runner.execute(run);
    expect(most).toBe(2);
    expect((await runner.load(run)).checkpoint.node_outputs['join']?.content).toBe(2);
  });

  it('stops at a gate with its texts resolved, and goes on after approval', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([transform('a', '1'), gate(['a']), post('pay', {}, ['gate'])]));
    const run = await runner.start('a', { amount: 42 });
    await runner.execute(run);
    const waiting = await runner.load(run);
    expect(waiting).toMatchObject({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { title: 'Pay 42?', decisions: ['approve', 'rework', 'cancel'] }, blocked_nodes: ['pay'] } });
    expect(runner.http.sent).toHaveLength(0);
    await runner.decide(run, 'approve');
    await runner.execute(run);
    expect((await runner.load(run)).status).toBe('completed');
    expect(runner.http.sent).toHaveLength(1);
  });

  it('never pays after cancel, and goes back after rework with a new opening and a new effect', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('a'), gate(['a']), post('pay', {}, ['gate'])]));
    const run = await runner.start('a', { amount: 1 });
    await runner.execute(run);
    const first = (await runner.load(run)).checkpoint.awaiting_gate;
    await runner.decide(run, 'request_changes');
    await runner.execute(run);
    const second = (await runner.load(run)).checkpoint.awaiting_gate;
    expect(second?.gate_opening_id).not.toBe(first?.gate_opening_id);
    expect(second?.approval_request_id).toBe(first?.approval_request_id);
    expect(runner.http.sent.map((step) => step.idempotency?.key)).toEqual([`${run}:a:0`, `${run}:a:1`]);
    await runner.decide(run, 'reject');
    expect(await runner.load(run)).toMatchObject({ status: 'cancelled', stop_kind: 'cancelled' });
    expect(await runner.execute(run)).toEqual({ kind: 'done' });
    expect(runner.http.sent).toHaveLength(2);
  });

  it('takes over from a dead runner and sends the same key again', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run = await runner.start('a');
    runner.http.answer = () => new Promise(() => undefined);
    void runner.execute(run);
    await eventually(() => runner.http.sent.length === 1);
    runner.http.answer = () => ({ kind: 'succeeded', output: 'paid' });
    runner.expireClaims();
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect((await runner.load(run)).status).toBe('completed');
    expect(new Set(runner.http.sent.map((step) => step.idempotency?.key))).toEqual(new Set([`${run}:pay:0`]));
    expect(runner.eventTypes(run)).toEqual([
      'run_created', 'run_execution_claimed', 'node_started', 'run_execution_claim_expired_requeued', 'run_execution_claimed', 'node_started', 'node_completed', 'run_completed',
    ]);
  });

  it('drops what a runner says that was thought dead', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run = await runner.start('a');
    let finishFirst: (outcome: { kind: 'succeeded'; output: string }) => void = () => undefined;
    runner.http.answer = () => new Promise((resolve) => (finishFirst = resolve));
    const first = runner.execute(run);
    await eventually(() => runner.http.sent.length === 1);
    runner.http.answer = () => ({ kind: 'succeeded', output: 'second' });
    runner.expireClaims();
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    finishFirst({ kind: 'succeeded', output: 'first' });
    expect(await first).toEqual({ kind: 'done' });
    expect((await runner.load(run)).checkpoint.node_outputs['pay']?.content).toBe('second');
  });

  it('blocks instead of repeating an effect whose outcome is unknown and whose peer gives no promise', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay', { idempotency: 'none' })]));
    const run = await runner.start('a');
    runner.http.answer = () => new Promise(() => undefined);
    void runner.execute(run);
    await eventually(() => runner.http.sent.length === 1);
    runner.expireClaims();
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect(await runner.load(run)).toMatchObject({ status: 'blocked', checkpoint: { blocked_nodes: ['pay'] } });
    expect(runner.http.sent).toHaveLength(1);
  });

  it('repeats a failed keyed effect after its back-off with the same key', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run = await runner.start('a');
    runner.http.answer = () => ({ kind: 'failed', failure: { kind: 'timeout', message: 'no answer' }, effect: 'unknown', retryable: true });
    await runner.execute(run);
    expect(runner.store.all().at(-1)?.status).toBe('retrying');
    expect(await runner.load(run)).toMatchObject({ status: 'queued', scheduler: { queue_reason: 'retry_backoff' } });
    runner.http.answer = () => ({ kind: 'succeeded', output: 'ok' });
    await runner.fireTimers();
    await runner.execute(run);
    expect((await runner.load(run)).status).toBe('completed');
    expect(runner.http.sent.map((step) => step.idempotency?.key)).toEqual([`${run}:pay:0`, `${run}:pay:0`]);
  });

  it('fails the run with the reason when attempts are used up', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([{ ...(post('pay') as object), retry_policy: { max_attempts: 4 } } as never]));
    const run = await runner.start('a');
    runner.http.answer = () => ({ kind: 'failed', failure: { kind: 'unexpected_status', message: 'peer answered 503' }, effect: 'answered', retryable: true });
    await runner.execute(run);
    for (let retries = 0; retries < 3; retries += 1) {
      await runner.fireTimers();
      await runner.execute(run);
    }
    expect(await runner.load(run)).toMatchObject({ status: 'failed', detail: 'node "pay" failed: peer answered 503' });
    expect(runner.http.sent).toHaveLength(4);
  });

  it('parks on a timer, forgets the run, and goes on when it fires, once', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([{ node_id: 'wait', objective: 'wait', wait: { kind: 'timer', delay_ms: 3000 } }, transform('after', '1', ['wait'])]));
    const run = await runner.start('a');
    expect(await runner.execute(run)).toEqual({ kind: 'done' });
    expect(runner.store.all().at(-1)?.status).toBe('sleeping');
    const timers = new Map(runner.timers);
    await runner.fireTimers();
    for (const [id, timer] of timers) runner.timers.set(id, timer);
    await runner.fireTimers();
    await runner.execute(run);
    expect((await runner.load(run)).status).toBe('completed');
    expect(runner.eventTypes(run).filter((type) => type === 'stateful_wait_woken_requeued')).toHaveLength(1);
  });

  it('schedules the timer again when the process died before it could', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([{ node_id: 'wait', objective: 'wait', wait: { kind: 'timer', delay_ms: 3000 } }]));
    const run = await runner.start('a');
    await runner.execute(run);
    runner.timers.clear();
    await runner.execute(run, { redelivered: true });
    expect(runner.timers.size).toBe(1);
  });

  it('goes on behind a timer that fires while another node is still executing', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('slow'), { node_id: 'wait', objective: 'wait', wait: { kind: 'timer', delay_ms: 10 } }, transform('after', '"woken"', ['wait'])]));
    const run = await runner.start('a');
    let finish: (outcome: { kind: 'succeeded'; output: number }) => void = () => undefined;
    runner.http.answer = () => new Promise((resolve) => (finish = resolve));
    const executing = runner.execute(run);
    await eventually(() => runner.timers.size === 1 && runner.http.sent.length === 1);
    await runner.fireTimers();
    runner.listeners.get(run)?.();
    await eventually(async () => (await runner.load(run)).checkpoint.node_outputs['after']?.content === 'woken');
    finish({ kind: 'succeeded', output: 1 });
    await executing;
    expect((await runner.load(run)).status).toBe('completed');
  });

  it('fails a node whose expression fails, with its place and message', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay', { body: { amount: '{{ input.missing }}' } })]));
    const run = await runner.start('a');
    await runner.execute(run);
    expect(await runner.load(run)).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'pay', path: 'action.body.amount', kind: 'expression_failed' } } });
    expect(runner.http.sent).toHaveLength(0);
  });

  it('never writes a secret to the log', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay', { headers: { authorization: 'Bearer {{ secrets.TOKEN }}' } })]));
    const run = await runner.start('a');
    await runner.execute(run);
    expect(runner.http.sent[0]?.headers['authorization']).toBe('Bearer tok-secret');
    expect(JSON.stringify(runner.store.all())).not.toContain('tok-secret');
  });

  it('hands a run back when the process stops, and another runner finishes it', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('a'), post('b', {}, ['a'])]));
    const run = await runner.start('a');
    const stopping = new AbortController();
    runner.http.answer = () => {
      stopping.abort();
      return { kind: 'succeeded', output: 1 };
    };
    expect(await runner.execute(run, { signal: stopping.signal })).toMatchObject({ kind: 'retry-later', delayMs: 0 });
    expect((await runner.load(run)).checkpoint.completed_nodes).toEqual(['a']);
    await runner.execute(run, { redelivered: true, executor: runner.newExecutor('runner-2') });
    expect((await runner.load(run)).status).toBe('completed');
    expect(runner.http.sent).toHaveLength(2);
  });

  it('drops a message from an earlier turn in the queue', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([transform('a', '1'), gate(['a'])]));
    const run = await runner.start('a', { amount: 1 });
    await runner.execute(run);
    await runner.decide(run, 'rework');
    const before = runner.commits(run);
    const [stale] = runner.queued(run);
    if (stale === undefined) throw new Error('no message');
    expect(await runner.executor.execute(stale, { redelivered: true, signal: new AbortController().signal })).toEqual({ kind: 'done' });
    expect(runner.commits(run)).toBe(before);
  });
});

const eventually = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let turn = 0; turn < 500; turn += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the condition did not come true');
};
