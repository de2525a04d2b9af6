import { answerQuestion, decideGate, getApproval, getHumanRequest, listHumanRequests, listPendingApprovals, type ApprovalRequest, type HumanRequestRecord } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { respond, send, startTestGateway, startTestNats, writeKeyFile, type Answer, type Asked, type KeyFile, type TestGateway, type TestNats } from './gateway.fixture.js';
import { asking, opening, page, question, questionPage, request } from './pages/asked.fixture.js';
import { runRecord } from './run.fixture.js';

let nats: TestNats;
let gateway: TestGateway;
let keys: KeyFile;
const stops: (() => void)[] = [];

let askedFor: HumanRequestRecord | undefined;
let answerRefusal: { code: string; message: string; details?: { [name: string]: Json } } | undefined;
const answered: Asked[] = [];
const listed: Asked['payload'][] = [];

let shown: ApprovalRequest | undefined;
let refusal: { code: string; message: string } | undefined;
const decided: Asked[] = [];

beforeAll(async () => {
  nats = await startTestNats();
  keys = await writeKeyFile([
    { key: 'key-of-ada', org_id: 'acme', workspace_id: 'ops', actor_id: 'ada' }, { key: 'key-of-eve', org_id: 'acme', workspace_id: 'ops', actor_id: 'eve' },
    { key: 'key-of-bot', org_id: 'acme', workspace_id: 'ops', actor_id: 'bot', kind: 'agent' },
  ]);
  gateway = await startTestGateway(nats.url, { COUNTERSIGN_API_KEYS_FILE: keys.path });
  const approvals = await respond(nats.nc, getApproval, ({ payload }) =>
    shown === undefined ? { ok: false, refusal: { code: 'APPROVAL_NOT_FOUND', message: `there is no approval request "${String(payload['gate_opening_id'])}"` } } : { ok: true, value: shown });
  const list = await respond(nats.nc, listPendingApprovals, ({ payload }) => ({ ok: true, value: { items: payload['cursor'] === undefined ? [request()] : [], ...(payload['mine'] === true ? {} : { next_cursor: 'abc' }) } }));
  const gate = await respond(nats.nc, decideGate, (asked) => {
    decided.push(asked);
    return refusal === undefined ? { ok: true, value: runRecord() } : { ok: false, refusal };
  });
  const requests = await respond(nats.nc, getHumanRequest, () => (askedFor === undefined ? { ok: false, refusal: { code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND', message: 'nothing is asked' } } : { ok: true, value: askedFor }));
  const answers = await respond(nats.nc, answerQuestion, (asked) => {
    answered.push(asked);
    return answerRefusal === undefined ? { ok: true, value: { run: runRecord(), conversion: 'kept' } } : { ok: false, refusal: answerRefusal };
  });
  const asked = await respond(nats.nc, listHumanRequests, ({ payload }) => {
    listed.push(payload);
    return { ok: true, value: { items: payload['cursor'] === undefined ? [question()] : [], ...(payload['mine'] === true ? {} : { next_cursor: 'def' }) } };
  });
  stops.push(asked.stop, approvals.stop, list.stop, gate.stop, requests.stop, answers.stop);
});
afterAll(async () => {
  for (const stop of stops) stop();
  await gateway?.stop();
  await nats?.stop();
  await keys?.remove();
});
beforeEach(() => {
  shown = request();
  refusal = undefined;
  decided.length = 0;
  askedFor = question();
  answerRefusal = undefined;
  answered.length = 0;
  listed.length = 0;
});

const own = (): Record<string, string> => ({ host: `127.0.0.1:${gateway.port}`, origin: `http://127.0.0.1:${gateway.port}` });
const submit = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
  send(gateway, path, { method: 'POST', headers: { ...own(), 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams(fields).toString() });

const signIn = async (credential = 'key-of-ada'): Promise<string> => {
  const answer = await submit('/inbox/session', { credential, to: page });
  expect([answer.status, answer.headers.location]).toEqual([303, page]);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
};
const tokenIn = ({ text }: Answer): string => /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';

describe('a page of the inbox', () => {
  it('asks who is there, and shows nothing before it knows', async () => {
    const answer = await send(gateway, page);
    expect([answer.status, answer.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8']);
    expect(answer.text).toContain('Your API key, or a signed assertion');
    expect(answer.text).not.toContain('Refund');
  });

  it('executes nothing, comes in no frame, is kept nowhere, and tells no other site where it was', async () => {
    const { headers, text } = await send(gateway, page, { headers: { cookie: await signIn() } });
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", 'cache-control': 'no-store', 'referrer-policy': 'same-origin',
      'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff', 'cross-origin-opener-policy': 'same-origin',
    });
    expect(text).not.toMatch(/<script|<style|style=|onclick|javascript:|https?:\/\/(?!bank)/);
    for (const [, path = ''] of text.matchAll(/href="([^"]+\.css)"/g)) expect((await send(gateway, path)).headers['content-type']).toBe('text/css; charset=utf-8');
  });

  it('says what will happen, why, who asked, who may decide, until when and what happens then, with every text escaped', async () => {
    const { status, text } = await send(gateway, page, { headers: { cookie: await signIn() } });
    expect(status).toBe(200);
    for (const part of [
      'Refund &lt;b&gt;42 EUR&lt;/b&gt;?', '&lt;script&gt;alert(1)&lt;/script&gt;', 'POST https://bank.example/pay with {&quot;amount&quot;:42}', 'The automation stops here for a decision.', 'bob', 'anyone with authority; whoever asked may not approve',
      '1970-01-02 00:00 UTC', 'lead is asked', 'escalated 1 times, last to chief; 2 reminders', '<a href="/inbox/runs/r1">r1</a>, step sign', '<button class="approve" name="decision" value="approve">Approve</button>', '<label for="reason">', 'lang="en"', 'ada, acme/ops',
    ]) expect(text).toContain(part);
  });

  it('has no form for what is not the visitor\'s to decide, or was decided', async () => {
    const cookie = await signIn();
    shown = request({ yours: { decisions: [], vote: null } });
    const notTheirs = await send(gateway, page, { headers: { cookie } });
    expect(notTheirs.text).toContain('This is not yours to decide.');
    shown = request({ status: 'decided', decision: 'rework', decided_by: { kind: 'human', actor_id: 'grace' }, decided_at_ms: 60_000, decision_reason: 'wrong <amount>', yours: { decisions: [], vote: null } });
    const over = await send(gateway, page, { headers: { cookie } });
    for (const part of ['Sent back for rework', 'grace', '1970-01-01 00:01 UTC', 'wrong &lt;amount&gt;']) expect(over.text).toContain(part);
    shown = request({ status: 'closed', decided_by: { kind: 'human', actor_id: 'ops' }, decided_at_ms: 60_000, yours: { decisions: [], vote: null } });
    const closed = await send(gateway, page, { headers: { cookie } });
    expect(closed.text).toContain('Closed: its run ended');
    shown = request({ status: 'decided', decision: 'approve', decided_by: { kind: 'human', source: 'slack', actor_id: 'channel:slack:T1:A1:U1', person: 'grace' }, decided_at_ms: 60_000, yours: { decisions: [], vote: null } });
    expect((await send(gateway, page, { headers: { cookie } })).text).toContain('(grace via Slack)');
    for (const { text } of [notTheirs, over, closed]) expect(text).not.toMatch(/name="decision"/);
  });

  it('answers about another tenant\'s request as about one that does not exist', async () => {
    shown = undefined;
    const answer = await send(gateway, page, { headers: { cookie: await signIn() } });
    expect([answer.status, answer.text.includes('There is no such approval request')]).toEqual([404, true]);
  });

  it('lists what waits, page by page', async () => {
    const cookie = await signIn();
    const mine = await send(gateway, '/inbox', { headers: { cookie } });
    expect(mine.text).toContain(`<a href="${page}">Refund &lt;b&gt;42 EUR&lt;/b&gt;?</a>`);
    expect(mine.text).not.toContain('Older ones');
    expect((await send(gateway, '/inbox?all=true', { headers: { cookie } })).text).toContain('<a href="/inbox?all=true&amp;cursor=abc">');
    expect((await send(gateway, '/inbox?cursor=abc', { headers: { cookie } })).text).toContain('Nothing waits for you.');
    expect(mine.text).toContain(`<a href="${questionPage}">How many &lt;i&gt;lamps&lt;/i&gt;?</a>`);
    expect((await send(gateway, '/inbox?all=true', { headers: { cookie } })).text).toContain('<a href="/inbox?all=true&amp;questions=def">');
    const older = await send(gateway, '/inbox?questions=def', { headers: { cookie } });
    expect([older.text.includes('Nothing waits for you.'), older.text.includes(page)]).toEqual([true, false]);
    expect(listed).toMatchObject([{ kind: 'question', status: 'pending', mine: true }, { mine: false }, { mine: false }, { mine: true, cursor: 'def' }]);
    expect((await send(gateway, '/inbox?limit=5', { headers: { cookie } })).status).toBe(400);
  });
});

describe('a decision on a page', () => {
  it('is made by its form, bound to what was shown, and leads back to the page', async () => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, page, { headers: { cookie } }));
    const answer = await submit(page, { token, decision: 'approve', reason: ' fine ' }, { cookie });
    expect([answer.status, answer.headers.location]).toEqual([303, page]);
    expect(decided).toMatchObject([{ context: { actor: { kind: 'human', actor_id: 'ada' } }, payload: { run_id: 'r1', gate_opening_id: opening, approval_request_id: 'automation_v2:r1:sign', decision: 'approve', reason: 'fine', command_id: token.slice(0, 36) } }]);
  });

  it('sent twice is one command', async () => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, page, { headers: { cookie } }));
    await Promise.all([1, 2].map(() => submit(page, { token, decision: 'approve' }, { cookie })));
    expect(new Set(decided.map(({ payload }) => payload['command_id'])).size).toBe(1);
  });

  it('is never made by looking', async () => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, page, { headers: { cookie } }));
    for (const headers of [{ cookie }, { cookie, purpose: 'prefetch' }, { cookie, 'sec-purpose': 'prefetch' }, { cookie, 'user-agent': 'Slackbot-LinkExpanding 1.0' }]) {
      for (const method of ['GET', 'HEAD', 'OPTIONS']) await send(gateway, page, { method, headers });
      await send(gateway, `${page}?decision=approve&token=${token}`, { headers });
    }
    expect(decided).toEqual([]);
  });

  it.each<[string, (token: string) => { readonly fields: Record<string, string>; readonly headers?: Record<string, string> }]>([
    ['without its token', () => ({ fields: { decision: 'approve', token: '' } })],
    ['with a made-up token', (token) => ({ fields: { decision: 'approve', token: `${token.slice(0, -3)}AAA` } })],
    ['from another site', (token) => ({ fields: { decision: 'approve', token }, headers: { origin: 'https://evil.example' } })],
    ['from nowhere', (token) => ({ fields: { decision: 'approve', token }, headers: { origin: 'null' } })],
    ['from a site that a browser calls another', (token) => ({ fields: { decision: 'approve', token }, headers: { 'sec-fetch-site': 'cross-site' } })],
  ])('%s is refused', async (_what, make) => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, page, { headers: { cookie } }));
    const { fields, headers = {} } = make(token);
    expect((await submit(page, fields, { cookie, ...headers })).status).toBe(403);
    expect(decided).toEqual([]);
  });

  it('with the token of another person or another opening is refused', async () => {
    const token = tokenIn(await send(gateway, page, { headers: { cookie: await signIn() } }));
    const asEve = await submit(page, { token, decision: 'approve' }, { cookie: await signIn('key-of-eve') });
    expect([asEve.status, asEve.text.includes('not made for you')]).toEqual([403, true]);
    shown = request({ gate_opening_id: 'automation_v2:r1:sign:2' });
    expect((await submit('/inbox/automation_v2:r1:sign:2', { token, decision: 'approve' }, { cookie: await signIn() })).status).toBe(403);
    expect(decided).toEqual([]);
  });

  it('without a session asks to sign in; a form that is none says so', async () => {
    expect((await submit(page, { token: 'x', decision: 'approve' })).status).toBe(401);
    const cookie = await signIn();
    expect((await submit(page, { token: 'x', decision: 'maybe' }, { cookie })).status).toBe(400);
    expect((await send(gateway, page, { method: 'POST', headers: { ...own(), cookie, 'content-type': 'application/json' }, body: '{}' })).status).toBe(415);
    expect(decided).toEqual([]);
  });

  it('to send back needs a reason', async () => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, page, { headers: { cookie } }));
    const answer = await submit(page, { token, decision: 'rework', reason: ' ' }, { cookie });
    expect([answer.status, answer.text.includes('say what has to change')]).toEqual([400, true]);
    expect(decided).toEqual([]);
  });

  it.each([
    ['AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', 409], ['AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', 409], ['AUTOMATION_V2_GATE_EXPIRED', 409], ['AUTOMATION_V2_GATE_REQUIRES_HUMAN', 403], ['ARCHIVE_BEHIND', 503],
  ])('that was refused (%s) says why, keeps what was typed, and shows what it has become', async (code, status) => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, page, { headers: { cookie } }));
    refusal = { code, message: 'the gate says no' };
    const answer = await submit(page, { token, decision: 'approve', reason: 'typed <before>' }, { cookie });
    expect(answer.status).toBe(status);
    expect(answer.text).toContain('The gate says no.');
    expect(answer.text).toContain('typed &lt;before&gt;');
  });
});

describe('the page of a question', () => {
  it('says what is asked, by which run, of whom, until when and what happens then, with a form of its schema', async () => {
    const { status, text } = await send(gateway, questionPage, { headers: { cookie: await signIn() } });
    expect(status).toBe(200);
    for (const part of [
      'How many &lt;i&gt;lamps&lt;/i&gt;?', 'r1</a>, step count', 'buyer', 'role purchasing', '2100-01-01 00:00 UTC', 'the answer is {', '&quot;count&quot;: 10', '<label for="answer_0">How many &lt;b&gt;</label>', '<input id="answer_0" name="answer_0" inputmode="decimal" autocomplete="off" value="" required>',
      'colour (may be left out)', '<option value="&quot;red&quot;">red</option>',
    ]) expect(text).toContain(part);
    expect(text).not.toMatch(/<i>|<script|name="decision"/);
  });

  it('takes the answer that its form says, and leads back; the same form twice is one answer', async () => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, questionPage, { headers: { cookie } }));
    const fields = { token, answer_0: '25', answer_1: '"blue"', reason: ' spring ' };
    for (const answer of [await submit(questionPage, fields, { cookie }), await submit(questionPage, fields, { cookie })]) expect([answer.status, answer.headers.location]).toEqual([303, questionPage]);
    expect(answered.map(({ payload }) => payload)).toEqual([1, 2].map(() => ({ run_id: 'r1', request_id: asking, answer: { count: 25, colour: 'blue' }, reason: 'spring', command_id: token.slice(0, 36) })));
    expect(answered[0]?.context.actor).toMatchObject({ kind: 'human', actor_id: 'ada' });
  });

  it('answers nothing by being looked at, from elsewhere, by an old form, or by the form of a gate or of somebody else', async () => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, questionPage, { headers: { cookie } }));
    for (const method of ['GET', 'HEAD', 'OPTIONS']) await send(gateway, `${questionPage}?answer_0=3&token=${token}`, { method, headers: { cookie } });
    const ofGate = tokenIn(await send(gateway, page, { headers: { cookie } }));
    expect((await submit(questionPage, { token: ofGate, answer_0: '3' }, { cookie })).status).toBe(403);
    expect((await submit(questionPage, { token, answer_0: '3' }, { cookie, origin: 'https://evil.example' })).status).toBe(403);
    expect((await submit(questionPage, { token, answer_0: '3' }, { cookie: await signIn('key-of-eve') })).status).toBe(403);
    expect((await submit(questionPage, { token, answer_0: '3' })).status).toBe(401);
    expect(answered).toEqual([]);
  });

  it('leads back to itself after signing in, and on to its run', async () => {
    expect((await submit('/inbox/session', { credential: 'key-of-ada', to: questionPage })).headers.location).toBe(questionPage);
    expect((await send(gateway, questionPage, { headers: { cookie: await signIn() } })).text).toContain('<a href="/inbox/runs/r1">r1</a>, step count');
  });

  it.each<[string, string, { [name: string]: Json }]>([
    ['AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', 'grace via Slack answered this at 1970-01-01 00:01 UTC, before your answer came. Yours was not taken.', { winningResponse: { status: 'answered', ended_at_ms: 60_000, ended_by: { kind: 'human', source: 'slack', actor_id: 'U1', person: 'grace' } } }],
    ['AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', 'This was cancelled at 1970-01-01 00:01 UTC, before your answer came. Yours was not taken.', { winningResponse: { status: 'cancelled', ended_at_ms: 60_000 } }],
    ['AUTOMATION_V2_HUMAN_REQUEST_EXPIRED', 'The time to answer this is over. Your answer was not taken.', {}],
  ])('tells whoever is too late (%s) the truth, and offers the form no more', async (code, sentence, details) => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, questionPage, { headers: { cookie } }));
    answerRefusal = { code, message: 'no', details };
    const answer = await submit(questionPage, { token, answer_0: '25' }, { cookie });
    expect([answer.status, answer.text.includes(sentence), answer.text.includes('name="token"')]).toEqual([409, true, false]);
  });

  it('keeps what was filled in when it does not fit, and never what looks like a credential', async () => {
    const cookie = await signIn();
    const token = tokenIn(await send(gateway, questionPage, { headers: { cookie } }));
    const sent = { token, answer_0: 'twelve <b>', answer_1: '"blue"' };
    answerRefusal = { code: 'AUTOMATION_V2_ANSWER_INVALID', message: 'answer.count must be integer' };
    const unfit = await submit(questionPage, sent, { cookie });
    expect(unfit.status).toBe(400);
    for (const part of ['Answer.count must be integer.', 'value="twelve &lt;b&gt;"', '<option value="&quot;blue&quot;" selected>']) expect(unfit.text).toContain(part);
    answerRefusal = { code: 'AUTOMATION_V2_ANSWER_SECRET', message: 'answer looks like a credential' };
    expect((await submit(questionPage, sent, { cookie })).text).not.toContain('twelve');
  });

  it.each<[string, Partial<HumanRequestRecord>, string]>([
    ['answered', { status: 'answered', answer: { count: 25 }, answer_source: 'person', responded_by: { kind: 'human', actor_id: 'grace' }, ended_at_ms: 60_000, reason: 'spring', conversion: 'kept' }, 'Answered by grace.'],
    ['answered by its default', { status: 'answered', answer: { count: 10 }, answer_source: 'default', ended_at_ms: 60_000 }, 'Nobody answered in time, so the default was taken'],
    ['timed out', { status: 'timed_out', ended_at_ms: 60_000 }, 'Nobody answered in time, so the step failed'],
    ['cancelled', { status: 'cancelled', ended_at_ms: 60_000, reason: 'the run is cancelled' }, 'Reason: the run is cancelled'],
    ['late', { expires_at_ms: 5 }, 'The time to answer is over.'],
    ['an escalation', { kind: 'escalation', schema: null, roles: ['lead'] }, 'Take it on or decline it with POST'],
  ])('has no form once it is %s', async (_what, change, sentence) => {
    askedFor = question(change);
    const { text } = await send(gateway, questionPage, { headers: { cookie: await signIn() } });
    expect([text.includes(sentence), text.includes('name="token"')]).toEqual([true, false]);
  });

  it('is for people, and does not exist for who may not see it', async () => {
    expect((await send(gateway, questionPage, { headers: { cookie: await signIn('key-of-bot') } })).text).toContain('Only a person may answer this.');
    askedFor = undefined;
    expect((await send(gateway, questionPage, { headers: { cookie: await signIn() } })).status).toBe(404);
  });
});

describe('a session', () => {
  it('begins with a good credential only, is kept from scripts and other sites, and holds no credential that can be read', async () => {
    for (const credential of ['wrong', 'a.b.c', '']) {
      const answer = await submit('/inbox/session', { credential, to: page });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
      expect(answer.text).not.toContain('wrong');
    }
    const answer = await submit('/inbox/session', { credential: ' key-of-ada ', to: page });
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^cs_inbox=[A-Za-z0-9_-]+; Path=\/inbox; HttpOnly; SameSite=Lax; Max-Age=28800$/);
    expect(Buffer.from(cookie.split(/[=;]/)[1] ?? '', 'base64url').toString('latin1')).not.toContain('key-of-ada');
  });

  it('is not begun by a form of another site, and leads nowhere else', async () => {
    expect((await submit('/inbox/session', { credential: 'key-of-ada' }, { origin: 'https://evil.example' })).status).toBe(403);
    for (const to of ['https://evil.example/', '//evil.example', '/automations/v2', '/inbox/../x', '/inbox/session/end']) expect((await submit('/inbox/session', { credential: 'key-of-ada', to })).headers.location).toBe('/inbox');
  });

  it('opens no route of the API', async () => {
    expect((await send(gateway, '/approvals/pending', { headers: { cookie: await signIn() } })).status).toBe(401);
  });

  it('that was changed is none, and ends with its key or by signing out', async () => {
    const cookie = await signIn();
    expect((await send(gateway, page, { headers: { cookie: `${cookie.slice(0, -2)}AA` } })).status).toBe(401);
    const out = await submit('/inbox/session/end', {}, { cookie });
    expect([out.status, String(out.headers['set-cookie'])]).toEqual([303, expect.stringContaining('cs_inbox=; Path=/inbox; HttpOnly; SameSite=Lax; Max-Age=0')]);
  });

  it('of an agent is an agent\'s', async () => {
    const cookie = await signIn('key-of-bot');
    const token = tokenIn(await send(gateway, page, { headers: { cookie } }));
    await submit(page, { token, decision: 'approve' }, { cookie });
    expect(decided).toMatchObject([{ context: { actor: { kind: 'agent', actor_id: 'bot' } } }]);
  });
});

describe('the local person', () => {
  it('needs no session, and is led across from another site by a link', async () => {
    const local = await startTestGateway(nats.url, { COUNTERSIGN_LOCAL_IMPLICIT: 'true' });
    const host = `127.0.0.1:${local.port}`;
    expect((await send(local, page, { headers: { host } })).text).toContain('Your decision');
    const crossed = await send(local, page, { headers: { host, 'sec-fetch-site': 'cross-site' } });
    expect([crossed.status, crossed.text.includes('Refund'), crossed.text.includes(`<a href="${page}">`)]).toEqual([403, false, true]);
    await local.stop();
  });
});
