import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { runAggregate } from '@cs/automation-application';
import { answerQuestion, respondEscalation, type CallContext } from '@cs/contracts';
import { InMemoryEventStore, loadAggregate } from '@cs/eventing';
import { canonicalJson, type Json } from '@cs/kernel';
import { callBy, person, refusalOf, tenant } from './decide-gate.fixture.js';
import { AskingWorld, escalation, post, question, valueOf, withRoles, type AskingRun } from './human-requests.fixture.js';
import { issueReceipts } from './issue-receipts.query.js';
import type { ReceiptSigner } from './receipt-signer.port.js';

const assertionOf = (actor_id: string): NonNullable<CallContext['verified']> => ({
  tenant_context: tenant, human_actor: { actor_id }, authority_chain: { initiated_by: actor_id, executed_as: actor_id }, roles: [], org_units: [], capabilities: [], issuer: 'idp', audience: 'countersign',
  issued_at_ms: 0, expires_at_ms: Number.MAX_SAFE_INTEGER, assertion_id: 'a-1',
});

const pay = post('pay', { answer: '{{ nodes.ask.output }}' }, ['ask']);
const lea = withRoles(person('lea'), 'lead');

describe('replay', () => {
  const sign: Json = { node_id: 'sign', objective: 'Sign?', depends_on: ['ask'], gate: { required: true, approvals_required: 2 } };
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer: ReceiptSigner = { sign: (claims, receipt) => Promise.resolve(signBytes(null, Buffer.from(canonicalJson({ claims, receipt })), privateKey).toString('base64url')), publicKeys: () => ({ keys: [] }) };

  /** A run that was answered by one person and approved by two. */
  const decided = async (): Promise<AskingRun> => {
    const run = await AskingWorld.at([question('ask'), sign, post('pay', { answer: '{{ nodes.ask.output }}' }, ['sign'])]);
    valueOf(await run.answer('yes'));
    await run.execute();
    valueOf(await run.decide('approve', callBy(person('bob'))));
    valueOf(await run.decide('approve', callBy(person('cyd'))));
    await run.execute();
    return run;
  };

  it('A10: asks nobody again, and yields the same verdict, reviewers, times and signatures', async () => {
    const run = await decided();
    const { world, run_id } = run;
    const copy = new InMemoryEventStore();
    for (const { ref, status, commit } of world.store.all()) await copy.append(ref, status, commit);
    const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id } as const;
    const { state: replayed } = await loadAggregate({ store: copy, aggregate: runAggregate }, ref);
    expect(JSON.parse(JSON.stringify(replayed))).toEqual(JSON.parse(JSON.stringify(await run.load())));
    expect(replayed?.checkpoint.node_outputs['ask']?.answer).toMatchObject({ source: 'person', answered_by: person('bob') });
    expect(replayed?.checkpoint.gate_history[0]?.votes?.map(({ voter }) => voter)).toEqual(['bob', 'cyd']);
    const receipts = async (store: InMemoryEventStore) => valueOf(await issueReceipts({ store, definitions: world.definitions, signer }, callBy(person('ada')), run_id));
    const original = await receipts(world.store);
    expect(original).toHaveLength(1);
    expect(await receipts(copy)).toEqual(original);

    // Every message comes again, to a runner that has never seen the run, and nobody is there to answer.
    const commits = world.store.all().length;
    for (const message of run.messages()) await world.executor('runner-2').execute(message, { redelivered: true, signal: new AbortController().signal });
    expect(world.store.all()).toHaveLength(commits);
    expect([run.asked().filter((type) => type === 'question_asked').length, world.sent.length]).toEqual([1, 1]);
  });
});

describe('several waits', () => {
  it('A11: five steps that wait for one question all go on with its answer', async () => {
    const waiters = Array.from({ length: 5 }, (_, index) => post(`w${index}`, '{{ nodes.ask.output }}', ['ask']));
    const run = await AskingWorld.at([question('ask'), ...waiters]);
    valueOf(await run.answer('go'));
    await run.execute();
    expect(await run.load()).toMatchObject({ status: 'completed' });
    expect(run.world.sent.map(({ url, body }) => [url.slice(-2), body]).sort()).toEqual(waiters.map((_, index) => [`w${index}`, 'go']));
  });

  it('A11: a step that waits for five questions goes on when all are answered, and a list has its answers in order', async () => {
    const five = Array.from({ length: 5 }, (_, index) => question(`q${index}`));
    const run = await AskingWorld.at([...five, post('all', 'x', five.map((_, index) => `q${index}`))]);
    for (const index of [3, 1, 4, 0]) valueOf(await run.answer(index, { request_id: await run.requestId(`q${index}`) }));
    await run.execute();
    expect(run.world.sent).toEqual([]);
    valueOf(await run.answer(2));
    await run.execute();
    expect([(await run.load()).status, run.world.sent.length]).toEqual(['completed', 1]);

    const list = await AskingWorld.at([question('ask', { prompt: 'What of {{ item }}?' }, { for_each: { items: ['a', 'b', 'c', 'd', 'e'], max_parallel: 5 } })]);
    const open = await list.open();
    expect(open.map(({ item, request }) => [item, request?.kind === 'question' ? request.prompt : ''])).toEqual(['a', 'b', 'c', 'd', 'e'].map((name, item) => [item, `What of ${name}?`]));
    for (const { wait_id, item } of [...open].reverse()) valueOf(await list.answer(`answer ${item}`, { request_id: wait_id }));
    await list.execute();
    expect((await list.load()).checkpoint.node_outputs['ask']?.content).toEqual([0, 1, 2, 3, 4].map((item) => `answer ${item}`));
  });
});

describe('operators, while somebody is asked', () => {
  it('A12: a cancellation interrupts the wait, which is recorded, and a late answer is refused', async () => {
    const run = await AskingWorld.at([question('ask'), pay]);
    const request_id = await run.requestId();
    valueOf(await run.world.operate(run.run_id, 'cancel'));
    expect((await run.load()).status).toBe('cancelled');
    expect(run.asked()).toEqual(['question_asked', 'human_request_cancelled']);
    expect(refusalOf(await run.answer('yes', { request_id }))).toMatchObject({ code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', details: { winningResponse: { status: 'cancelled' } } });
    await run.fireTimers();
    expect(run.asked()).toHaveLength(2);
  });

  it('may pause the run: an answer is taken meanwhile, and the run goes on when it is resumed', async () => {
    const run = await AskingWorld.at([question('ask'), pay]);
    valueOf(await run.world.operate(run.run_id, 'pause'));
    valueOf(await run.answer('yes'));
    expect(await run.load()).toMatchObject({ status: 'paused', checkpoint: { completed_nodes: ['ask'] } });
    valueOf(await run.world.operate(run.run_id, 'resume'));
    await run.execute();
    expect(await run.load()).toMatchObject({ status: 'completed' });
  });

  it('may resume a run without an answer: the question stays as it was', async () => {
    const run = await AskingWorld.at([question('ask'), pay]);
    const request_id = await run.requestId();
    valueOf(await run.world.operate(run.run_id, 'pause'));
    valueOf(await run.world.operate(run.run_id, 'resume'));
    await run.execute();
    expect([(await run.load()).status, await run.requestId()]).toEqual(['paused', request_id]);
    expect(run.asked()).toEqual(['question_asked']);
  });

  it('may have the node done again: it asks under a new id, and the old one takes no answer', async () => {
    const run = await AskingWorld.at([question('ask'), pay]);
    const first = await run.requestId();
    valueOf(await run.world.retry(run.run_id, 'ask'));
    await run.execute();
    const second = await run.requestId();
    expect(second).not.toBe(first);
    expect(refusalOf(await run.answer('late', { request_id: first })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING');
    valueOf(await run.answer('yes'));
    await run.execute();
    expect(run.world.sent.map(({ body }) => body)).toEqual([{ answer: 'yes' }]);
  });

  it('may have an answered node done again: the answer is gone, and it is asked anew', async () => {
    const run = await AskingWorld.at([question('ask'), pay]);
    valueOf(await run.answer('first'));
    await run.execute();
    valueOf(await run.world.retry(run.run_id, 'ask'));
    await run.execute();
    valueOf(await run.answer('second'));
    await run.execute();
    expect(run.world.sent.map(({ body }) => body)).toEqual([{ answer: 'first' }, { answer: 'second' }]);
  });
});

describe('the rules that correct what others do (run-records 3.9)', () => {
  const anonymous: CallContext = { ...callBy({ kind: 'human', source: 'api_key' }) };

  it('A14: H1, a response of nobody counts neither for nor against, where somebody is asked by name or role', async () => {
    const run = await AskingWorld.at([question('ask', { ask: [{ kind: 'person', id: 'bob' }] })]);
    expect(refusalOf(await run.answer('yes', { by: anonymous })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_IDENTITY_REQUIRED');
    const call = await AskingWorld.at([escalation('call')]);
    for (const accepted of [true, false]) expect(refusalOf(await call.respond(accepted, anonymous)).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_IDENTITY_REQUIRED');
    expect([await run.open(), await call.open()].flat()).toHaveLength(2);
  });

  it('A14: H2, a response without its word is refused, and is neither a decline nor an answer', () => {
    const at = { run_id: 'automation-v2-run-1', request_id: 'r' };
    expect(respondEscalation.payload.safeParse(at).error?.issues).toMatchObject([{ path: ['accepted'] }]);
    expect(respondEscalation.payload.safeParse({ ...at, accepted: 'no' }).success).toBe(false);
    expect(answerQuestion.payload.safeParse({ ...at, reason: 'none' }).error?.issues).toMatchObject([{ path: ['answer'] }]);
    expect(answerQuestion.payload.safeParse({ ...at, answer: null }).success).toBe(true);
  });

  it('A14: H9, a question that nobody could answer is refused when it is stored', async () => {
    const refusal = refusalOf(await new AskingWorld().define([question('ask', { ask: [] })]));
    expect(refusal.details?.['problems']).toMatchObject([{ path: 'flow.nodes[0].action.ask' }]);
  });

  it('A14: H3, a terminal state is final: a late answer is refused and recorded as such', async () => {
    const run = await AskingWorld.at([question('ask', { expires_after_ms: 1000, default: 1 })]);
    const request_id = await run.requestId();
    await run.fireTimers();
    expect(refusalOf(await run.answer(2, { request_id }))).toMatchObject({ code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', details: { winningResponse: { status: 'answered' } } });
    expect(run.world.refusals()).toMatchObject([{ request_id, response: 'answer', code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', actor: person('bob') }]);
    expect((await run.load()).checkpoint.node_outputs['ask']?.content).toBe(1);
  });

  it('A14: H3, an answer that comes after the deadline and before its timer is refused too', async () => {
    const run = await AskingWorld.at([question('ask', { expires_after_ms: 1000, default: 1 })]);
    run.world.now += 2000;
    expect(refusalOf(await run.answer(2)).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_EXPIRED');
    await run.fireTimers();
    expect((await run.load()).checkpoint.node_outputs['ask']?.content).toBe(1);
  });

  it('A14: H4, a decline is recorded as one, and the escalation stays pending', async () => {
    const run = await AskingWorld.at([escalation('call')]);
    valueOf(await run.respond(false, lea));
    expect(run.asked()).toEqual(['escalation_issued', 'escalation_declined']);
    expect((await run.open())[0]?.request).toMatchObject({ declined: [{ responder: 'lea', declined_by: person('lea') }] });
  });

  it('A14: H5, whoever asked for the run answers no question of a consequential node, nor one that says so', async () => {
    const byAda = { by: callBy(person('ada')) };
    for (const flow of [question('ask', {}, { risk_tier: 'external_send' }), question('ask', { requester_may_answer: false }), question('ask', {}, { metadata: { reviewer_eligibility: 'any_human_reviewer' } })]) {
      const run = await AskingWorld.at([flow]);
      expect(refusalOf(await run.answer('yes', byAda)).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_SELF_ANSWER_FORBIDDEN');
      expect(refusalOf(await run.answer('yes', { by: callBy(person('ADA ')) })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_SELF_ANSWER_FORBIDDEN');
      valueOf(await run.answer('yes', { by: callBy(person('bob')) }));
    }
    const plain = await AskingWorld.at([question('ask')]);
    valueOf(await plain.answer('yes', byAda));
  });

  it('A14: H6, what follows an answer is done once, however often its messages come', async () => {
    const run = await AskingWorld.at([question('ask'), pay]);
    valueOf(await run.answer('yes'));
    const [first, answered] = run.messages();
    for (const message of [answered, first, answered, answered]) if (message !== undefined) await run.world.executor('runner-2').execute(message, { redelivered: true, signal: new AbortController().signal });
    expect(run.world.sent).toHaveLength(1);
  });

  it('A14: H7, a response to what nobody asks leaves no trace in any run', async () => {
    const run = await AskingWorld.at([question('ask')]);
    const commits = run.world.store.all().length;
    expect(refusalOf(await run.answer('yes', { run_id: 'automation-v2-run-other' })).code).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
    expect(run.world.store.all()).toHaveLength(commits);
    expect(refusalOf(await run.answer('yes', { request_id: 'other' })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND');
    expect(run.world.store.all().filter(({ ref }) => ref.aggregate === 'run')).toHaveLength(run.world.store.all().filter(({ ref }) => ref.id === run.run_id).length);
    expect(run.asked()).toEqual(['question_asked']);
  });

  it('A14: H8, an escalation has a deadline, a next role and reminders', async () => {
    const run = await AskingWorld.at([escalation('call', { chain: ['director'], expires_after_ms: 2500, remind_every_ms: 1000 })]);
    for (let fired = 0; fired < 3; fired += 1) await run.fireTimers();
    expect(run.events().map(({ event_type }) => event_type).filter((type) => type.startsWith('stateful_wait') || type.startsWith('escalation')))
      .toEqual(['escalation_issued', 'stateful_wait_timeout_reminded', 'stateful_wait_timeout_reminded', 'escalation_passed_on']);
  });
});

describe('who may answer', () => {
  const ask = [{ kind: 'person', id: 'bob' }, { kind: 'role', id: 'finance-lead' }, { kind: 'group', id: 'payments' }];

  it('is whom the step asks, by person, role or group', async () => {
    for (const by of [callBy(person('Bob')), withRoles(person('cyd'), 'finance-lead'), { ...callBy(person('dee')), memberships: { roles: [], groups: ['Payments'] } }]) {
      const run = await AskingWorld.at([question('ask', { ask })]);
      valueOf(await run.answer('yes', { by }));
    }
    const run = await AskingWorld.at([question('ask', { ask })]);
    expect(refusalOf(await run.answer('yes', { by: withRoles(person('eve'), 'finance-clerk') })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED');
    expect(run.world.refusals()).toMatchObject([{ code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED', actor: person('eve') }]);
  });

  it('is told how it ended, whether or not they see the rest of the automation', async () => {
    const stranger = (actor_id: string): CallContext => ({ ...callBy(person(actor_id)), verified: assertionOf(actor_id) });
    const run = await AskingWorld.at([question('ask', { ask: [{ kind: 'person', id: 'bob' }, { kind: 'person', id: 'cyd' }] })], { extra: { metadata: { resource_access: { owner_principal: { kind: 'human_user', id: 'ada' }, visibility: 'private', audience_principals: [], created_by: person('ada'), updated_by: person('ada') } } } });
    const request_id = await run.requestId();
    valueOf(await run.answer('yes', { by: stranger('bob'), command_id: 'key-1' }));
    valueOf(await run.answer('yes', { by: stranger('bob'), command_id: 'key-1', request_id }));
    expect(refusalOf(await run.answer('no', { by: stranger('cyd'), request_id })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING');
    expect(refusalOf(await run.answer('no', { by: stranger('eve'), request_id })).code).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
  });

  it('is no agent, whoever it is', async () => {
    const run = await AskingWorld.at([question('ask')]);
    expect(refusalOf(await run.answer('yes', { by: callBy({ kind: 'agent', actor_id: 'bob' }) })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_REQUIRES_HUMAN');
    expect(run.world.refusals()).toMatchObject([{ code: 'AUTOMATION_V2_HUMAN_REQUEST_REQUIRES_HUMAN' }]);
  });

  it('needs granted authority where the node has data classes', async () => {
    const run = await AskingWorld.at([question('ask', {}, { data_classes: ['customer_data'] })]);
    expect(refusalOf(await run.answer('yes')).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_AUTHORITY_REQUIRED');
    valueOf(await run.answer('yes', { by: callBy(person('bob', 'slack')) }));
  });

  it('is nobody of another tenant or deployment, who is told what is told of a run that does not exist', async () => {
    const run = await AskingWorld.at([question('ask')]);
    const elsewhere = await run.answer('yes', { by: callBy(person('bob'), { workspace_id: 'other' }) });
    const deployment = await run.answer('yes', { by: callBy(person('bob'), { deployment_id: 'other' }) });
    const unknown = await run.answer('yes', { run_id: 'automation-v2-run-none' });
    const named = (result: typeof unknown) => JSON.stringify(refusalOf(result)).replaceAll(/automation-v2-run-[a-z0-9-]+|id-\d+/g, '<run>');
    expect([named(elsewhere), named(deployment)]).toEqual([named(unknown), named(unknown)]);
  });
});
