import { callContextSchema, getAutomation, listDecidedApprovals, listHumanRequests, listPendingApprovals, observeRun, type AutomationRecord, type RpcReply } from '@cs/contracts';
import { respond, send, startTestGateway, startTestNats, writeKeyFile, type Answer, type Asked, type KeyFile, type TestGateway, type TestNats } from './gateway.fixture.js';
import { page as gatePage, question, questionPage, request } from './pages/asked.fixture.js';
import { observedRun, timelineEvent } from './pages/observed-run.fixture.js';

let nats: TestNats;
let gateway: TestGateway;
let keys: KeyFile;
const stops: (() => void)[] = [];
const asked: { readonly [Name in 'gates' | 'decided' | 'requests' | 'automation' | 'observed']: Asked[] } = { gates: [], decided: [], requests: [], automation: [], observed: [] };

let automation: RpcReply<AutomationRecord>;
let decisions: RpcReply<{ items: [] }>;
const gone = { ok: false, refusal: { code: 'AUTOMATION_V2_NOT_FOUND', message: 'it is gone' } } as const;
/** The members of an automation that a page reads. */
const named = (name: string): RpcReply<AutomationRecord> => ({ ok: true, value: { name } as AutomationRecord });

/** Only the tenant of the run reads it, and only the run that there is. */
const isTheirs = ({ context, payload }: Asked): boolean => callContextSchema.parse(context).tenant.org_id === 'acme' && payload['run_id'] === 'r1';

beforeAll(async () => {
  nats = await startTestNats();
  keys = await writeKeyFile([{ key: 'key-of-ada', org_id: 'acme', workspace_id: 'ops', actor_id: 'ada' }, { key: 'key-of-mallory', org_id: 'other', workspace_id: 'ops', actor_id: 'mallory' }]);
  gateway = await startTestGateway(nats.url, { COUNTERSIGN_API_KEYS_FILE: keys.path });
  const record = <Value>(name: keyof typeof asked, answer: (call: Asked) => Value) => (call: Asked): Value => {
    asked[name].push(call);
    return answer(call);
  };
  const responders = await Promise.all([
    respond(nats.nc, observeRun, record('observed', (call) => (isTheirs(call) ? { ok: true, value: observedRun({ events: { latest: null, tail: [timelineEvent(1, { phase_id: '<b>pay</b>' })], correlation_ids: [] } }) } : { ok: false, refusal: { code: 'stateful_run_not_found', message: `there is no run "${String(call.payload['run_id'])}"` } }))),
    respond(nats.nc, listPendingApprovals, record('gates', () => ({ ok: true, value: { items: [request()] } }))),
    respond(nats.nc, listDecidedApprovals, record('decided', () => decisions)),
    respond(nats.nc, listHumanRequests, record('requests', ({ payload }) => ({ ok: true, value: { items: payload['status'] === 'pending' ? [question()] : [question(), question({ status: 'cancelled', ended_at_ms: 60_000 })] } }))),
    respond(nats.nc, getAutomation, record('automation', () => automation)),
  ]);
  stops.push(...responders.map(({ stop }) => stop));
});
afterAll(async () => {
  for (const stop of stops) stop();
  await gateway?.stop();
  await nats?.stop();
  await keys?.remove();
});
beforeEach(() => {
  automation = named('Refund <script>alert(1)</script>');
  decisions = { ok: true, value: { items: [] } };
  for (const calls of Object.values(asked)) calls.length = 0;
});

const page = '/inbox/runs/r1';
const signIn = async (credential: string, to = page): Promise<Answer> =>
  await send(gateway, '/inbox/session', { method: 'POST', headers: { host: `127.0.0.1:${gateway.port}`, origin: `http://127.0.0.1:${gateway.port}`, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ credential, to }).toString() });
const look = async (path = page, credential = 'key-of-ada'): Promise<Answer> => await send(gateway, path, { headers: { cookie: String((await signIn(credential)).headers['set-cookie']).split(';')[0] ?? '' } });

describe('the page of a run', () => {
  it('asks who is there before it asks for the run, and leads back', async () => {
    const answer = await send(gateway, page);
    expect([answer.status, answer.text.includes('Your API key, or a signed assertion'), asked.observed]).toEqual([401, true, []]);
    expect((await signIn('key-of-ada')).headers.location).toBe(page);
  });

  it('shows the run to the session of a browser, with every text escaped', async () => {
    const { status, text } = await look();
    expect(status).toBe(200);
    for (const part of [
      '<title>Refund &lt;script&gt;alert(1)&lt;/script&gt;, run r1</title>', '<h1>Refund &lt;script&gt;alert(1)&lt;/script&gt;</h1>', 'awaiting approval', 'a decision, step sign', `<a href="${gatePage}">Refund &lt;b&gt;42 EUR&lt;/b&gt;?</a>`,
      `<a href="${questionPage}">How many &lt;i&gt;lamps&lt;/i&gt;?</a>`, '<strong>Cancelled</strong>', '<td>&lt;b&gt;pay&lt;/b&gt;</td>',
    ]) expect(text).toContain(part);
    expect(text).not.toMatch(/<script|<style|style=|onclick|javascript:/);
    expect(text.match(/<form/g)).toHaveLength(1);
    expect(asked.observed).toMatchObject([{ context: { tenant: { org_id: 'acme', workspace_id: 'ops' }, actor: { actor_id: 'ada' } }, payload: { run_id: 'r1', event_limit: 50 } }]);
    for (const { context, payload } of [...asked.gates, ...asked.decided, ...asked.requests]) expect([context, payload]).toMatchObject([{ actor: { actor_id: 'ada' } }, { run_id: 'r1' }]);
  });

  it('executes nothing, comes in no frame and is kept nowhere', async () => {
    expect((await look()).headers).toMatchObject({
      'content-security-policy': "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", 'cache-control': 'no-store', 'x-frame-options': 'DENY', 'referrer-policy': 'same-origin',
    });
  });

  it('does not tell a run of others from one that does not exist, and asks for nothing of it', async () => {
    const unknown = await look('/inbox/runs/r2');
    const foreign = await look(page, 'key-of-mallory');
    const plain = ({ text }: Answer): string => text.replaceAll(/r[12]|(?:ada|mallory), \w+\/ops/g, '…');
    expect([unknown.status, foreign.status, unknown.headers['content-type']]).toEqual([404, 404, 'text/html; charset=utf-8']);
    expect(plain(foreign)).toBe(plain(unknown));
    expect([...asked.gates, ...asked.decided, ...asked.requests, ...asked.automation]).toEqual([]);
  });

  it('names the automation by its id when that is gone', async () => {
    automation = gone;
    expect((await look()).text).toContain('<h1>refund</h1>');
  });

  it('says when a part of it cannot be read', async () => {
    decisions = { ok: false, refusal: { code: 'PROJECTION_UNAVAILABLE', message: 'the database cannot be reached' }, retry_after_s: 1 };
    const { status, headers, text } = await look();
    expect([status, headers['retry-after'], text.includes('The database cannot be reached.')]).toEqual([503, '1', true]);
  });
});
