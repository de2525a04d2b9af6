import type { Json } from '@cs/kernel';
import { callBy, person, refusalOf } from './decide-gate.fixture.js';
import { AskingWorld, post, question, valueOf } from './human-requests.fixture.js';

const day = 24 * 3_600_000;
const order = { type: 'object', required: ['count'], properties: { count: { type: 'integer', minimum: 1 } }, additionalProperties: false };
const pay = post('pay', { answer: '{{ nodes.ask.output }}' }, ['ask']);

describe('a question', () => {
  it('A1: with a schema yields the validated object; with default 0 the answer "9" is the integer 9', async () => {
    const withSchema = await AskingWorld.at([question('ask', { schema: order }), pay]);
    valueOf(await withSchema.answer({ count: 3 }));
    await withSchema.execute();
    expect(await withSchema.load()).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { ask: { content: { count: 3 } } } } });
    expect(withSchema.world.sent.map(({ body }) => body)).toEqual([{ answer: { count: 3 } }]);

    const coerced = await AskingWorld.at([question('ask', { default: 0 }), pay]);
    expect(valueOf(await coerced.answer('9')).conversion).toBe('converted');
    await coerced.execute();
    expect(coerced.world.sent.map(({ body }) => body)).toEqual([{ answer: 9 }]);
  });

  it('A2: is asked and answered, in this order, and nothing else of its kind is recorded', async () => {
    const run = await AskingWorld.at([question('ask')]);
    valueOf(await run.answer('yes'));
    expect(run.asked()).toEqual(['question_asked', 'question_answered']);
  });

  it('shows its texts resolved, waits a day unless it says otherwise, and holds no runner meanwhile', async () => {
    const run = await AskingWorld.at([question('ask', { prompt: 'Refund {{ input.order }}?', default: '{{ input.order }}' }, { agent_id: 'clerk' })], { input: { order: 'o-7' }, extra: { agents: [{ agent_id: 'clerk' }] } });
    const [wait] = await run.open();
    expect(wait).toMatchObject({ wait_kind: 'question', wake_at_ms: (wait?.created_at_ms ?? 0) + day, request: { kind: 'question', prompt: 'Refund o-7?', default: 'o-7', agent: 'clerk' } });
    expect(await run.load()).toMatchObject({ status: 'paused', pause_reason: 'waiting', checkpoint: { in_progress: {} } });
    expect(run.world.timers.get(wait?.wait_id ?? '')).toBe(wait?.wake_at_ms);
  });

  it('says who answered, when and why, beside its output', async () => {
    const run = await AskingWorld.at([question('ask'), post('pay', { by: '{{ nodes.ask.answer.answered_by.actor_id }}' }, ['ask'])]);
    valueOf(await run.answer('yes', { reason: 'called them' }));
    await run.execute();
    expect((await run.load()).checkpoint.node_outputs['ask']?.answer).toMatchObject({ source: 'person', answered_by: person('bob'), reason: 'called them' });
    expect(run.world.sent.map(({ body }) => body)).toEqual([{ by: 'bob' }]);
  });

  it('takes its default at its deadline, and the run goes on', async () => {
    const run = await AskingWorld.at([question('ask', { default: { count: 1 }, schema: order, expires_after_ms: 1000 }), pay]);
    await run.fireTimers();
    await run.execute();
    expect(await run.load()).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { ask: { content: { count: 1 }, answer: { source: 'default' } } } } });
    expect(run.asked()).toEqual(['question_asked', 'question_timed_out']);
  });

  it('fails its node at its deadline where it has no default', async () => {
    const run = await AskingWorld.at([question('ask', { expires_after_ms: 1000 }), pay]);
    await run.fireTimers();
    await run.execute();
    expect(await run.load()).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'ask', kind: 'human_timeout' } } });
    expect(run.world.sent).toEqual([]);
  });

  it('is asked again, under a new id, where a retry policy says so', async () => {
    const run = await AskingWorld.at([question('ask', { expires_after_ms: 1000 }, { retry_policy: { max_attempts: 2 } }), pay]);
    const first = await run.requestId();
    await run.fireTimers();
    await run.execute();
    await run.fireTimers();
    await run.execute();
    const second = await run.requestId();
    expect(second).not.toBe(first);
    valueOf(await run.answer('late but fine'));
    await run.execute();
    expect(run.world.sent.map(({ body }) => body)).toEqual([{ answer: 'late but fine' }]);
  });

  it('reminds until its deadline', async () => {
    const run = await AskingWorld.at([question('ask', { expires_after_ms: 2500, remind_every_ms: 1000 })]);
    for (let turn = 0; turn < 3; turn += 1) await run.fireTimers();
    expect(run.events().map(({ event_type }) => event_type).filter((type) => type.startsWith('stateful_wait') || type.startsWith('question')))
      .toEqual(['question_asked', 'stateful_wait_timeout_reminded', 'stateful_wait_timeout_reminded', 'question_timed_out', 'stateful_wait_woken_requeued']);
  });
});

describe('an answer', () => {
  const details = (refusal: { details?: { problems?: Json } }): Json | undefined => refusal.details?.problems;

  it('that does not fit is refused with place and rule, and the question stays open', async () => {
    const run = await AskingWorld.at([question('ask', { schema: order })]);
    const refusal = refusalOf(await run.answer({ count: 0, extra: true }));
    expect(refusal.code).toBe('AUTOMATION_V2_ANSWER_INVALID');
    expect(details(refusal)).toEqual(expect.arrayContaining([expect.objectContaining({ path: 'answer.count', code: 'minimum' }), expect.objectContaining({ path: 'answer.extra', code: 'additionalProperties' })]));
    expect(await run.open()).toHaveLength(1);
    expect(valueOf(await run.answer({ count: 2 })).conversion).toBe('kept');
  });

  it('that looks like a credential is refused and kept nowhere', async () => {
    const secret = `sk-${'a1b2'.repeat(8)}`;
    const run = await AskingWorld.at([question('ask')]);
    expect(refusalOf(await run.answer({ token: secret }))).toMatchObject({ code: 'AUTOMATION_V2_ANSWER_SECRET', details: { problems: [{ path: 'answer.token' }] } });
    expect(refusalOf(await run.answer('ok', { reason: `with ${secret}` }))).toMatchObject({ code: 'AUTOMATION_V2_ANSWER_SECRET' });
    expect(JSON.stringify(run.world.store.all())).not.toContain(secret);
    expect(run.world.refusals()).toMatchObject([{ code: 'AUTOMATION_V2_ANSWER_SECRET', response: 'answer' }, { code: 'AUTOMATION_V2_ANSWER_SECRET' }]);
  });

  it('that is too large is refused', async () => {
    const run = await AskingWorld.at([question('ask')]);
    expect(refusalOf(await run.answer('x'.repeat(16 * 1024)))).toMatchObject({ code: 'AUTOMATION_V2_ANSWER_TOO_LARGE', details: { bytes: 16 * 1024 + 2 } });
  });

  it('of null, false or an empty text is an answer', async () => {
    for (const answer of [null, false, '', 0]) {
      const run = await AskingWorld.at([question('ask'), post('pay', 'x', ['ask'])]);
      valueOf(await run.answer(answer));
      await run.execute();
      expect(await run.load()).toMatchObject({ status: 'completed', checkpoint: { node_outputs: { ask: { content: answer } } } });
    }
  });

  it('gets its first answer when its command comes again, also after the run went on', async () => {
    const run = await AskingWorld.at([question('ask', { default: 0 })]);
    const request_id = await run.requestId();
    valueOf(await run.answer('9', { command_id: 'key-1' }));
    await run.execute();
    expect(valueOf(await run.answer('9', { command_id: 'key-1', request_id })).conversion).toBe('converted');
    expect(refusalOf(await run.answer('8', { command_id: 'key-1', request_id })).code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(refusalOf(await run.answer('9', { command_id: 'key-1', request_id, by: callBy(person('eve')) })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING');
    expect(run.asked()).toEqual(['question_asked', 'question_answered']);
  });

  it('holds although the archive has not confirmed it', async () => {
    const run = await AskingWorld.at([question('ask')]);
    run.world.archived = false;
    expect(refusalOf(await run.answer('yes')).code).toBe('ARCHIVE_BEHIND');
    expect((await run.load()).checkpoint.completed_nodes).toEqual(['ask']);
  });
});

describe('a definition with a question', () => {
  const problems = async (...flow: readonly Json[]): Promise<Json | undefined> => refusalOf(await new AskingWorld().define(flow)).details?.['problems'];

  it('is refused when its schema cannot be used, or its default is no answer', async () => {
    expect(await problems(question('ask', { schema: { type: 'nothing' } }))).toMatchObject([{ path: 'flow.nodes[0].action.schema', code: 'schema_invalid' }]);
    expect(await problems(question('ask', { schema: order, default: { count: 0 } }))).toMatchObject([{ path: 'flow.nodes[0].action.default.count', code: 'minimum' }]);
  });

  it('is refused where it says how an attempt is executed, or names somebody twice', async () => {
    expect(await problems(question('ask', {}, { timeout_ms: 5, output_contract: { kind: 'x' } }))).toMatchObject([
      { path: 'flow.nodes[0].timeout_ms', code: 'human_request_has_execution_policy' }, { path: 'flow.nodes[0].output_contract', code: 'human_request_has_execution_policy' },
    ]);
    expect(await problems(question('ask', { ask: [{ kind: 'person', id: 'ada' }, { kind: 'person', id: 'Ada ' }] }))).toMatchObject([{ path: 'flow.nodes[0].action.ask[1]', code: 'approver_duplicate' }]);
  });

  it('fails the node, with the place, when its default is known only later and does not fit', async () => {
    const run = await AskingWorld.at([question('ask', { schema: order, default: '{{ input }}' })], { input: { count: -1 } });
    expect(await run.load()).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'ask', path: 'action.default' } } });
  });
});
