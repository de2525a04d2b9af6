import type { AskedReader, HumanRequestFilter } from '@cs/read-models';
import { PostgresHumanRequestQueries } from './human-request-queries.adapter.js';
import { migrate } from './migrate.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

let server: TestDatabase;
let queries: PostgresHumanRequestQueries;
beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresHumanRequestQueries(server.database);
}, 60_000);
afterAll(() => server.stop());
beforeEach(() => server.database.query({ text: 'truncate countersign.human_requests, countersign.automations' }));

const acme: AskedReader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '', asked_keys: [] };
const bob = '["person","bob"]';

interface Row {
  readonly id: string;
  readonly org_id?: string;
  readonly automation_id?: string;
  readonly run_id?: string;
  readonly kind?: 'question' | 'escalation';
  readonly status?: string;
  readonly agent?: string;
  readonly at?: number;
  readonly asked?: string;
  readonly answer?: string;
}
const request = { question: '{"kind":"question","prompt":"How many?","default":1}', escalation: '{"kind":"escalation","reason":"stuck","roles":["lead","director"],"asked":1,"declined":[]}' };

const insert = async (...rows: readonly Row[]): Promise<void> => {
  for (const { id, org_id = 'acme', automation_id = 'refunds', run_id = 'r1', kind = 'question', status = 'pending', agent, at = 1, asked = '', answer } of rows) {
    await server.database.query({
      text: `insert into countersign.human_requests (org_id, workspace_id, deployment_id, request_id, run_id, automation_id, node_id, kind, status, agent, request, asked, requested_by, requested_at_ms, answer, position)
        values ($1, 'ops', '', $2, $3, $4, 'ask', $5, $6, $7, $8, $9, '{"kind":"human","actor_id":"ada"}', $10, $11, 1)`,
      values: [org_id, id, run_id, automation_id, kind, status, agent ?? null, request[kind], asked, at, answer ?? null],
    });
  }
};
const automation = (automation_id: string, viewers: string): Promise<unknown> => server.database.query({
  text: `insert into countersign.automations (org_id, workspace_id, deployment_id, automation_id, name, status, definition_version, definition_hash, tenant_context, created_at_ms, updated_at_ms, position, viewers)
    values ('acme', 'ops', '', $1, 'Refund an order', 'active', 'v1', 'h', '{}', 1, 1, 1, $2)`, values: [automation_id, viewers],
});
const ids = async (filter: HumanRequestFilter = {}, reader = acme): Promise<readonly string[]> => (await queries.humanRequests(reader, filter, { limit: 100 })).items.map(({ request_id }) => request_id);

describe('the list of questions and escalations', () => {
  it('has the newest first, each once, page by page, whatever comes in between', async () => {
    await insert(...[1, 2, 3, 4, 5].map((at) => ({ id: `q${at}`, at })), { id: 'q5b', at: 5 });
    const first = await queries.humanRequests(acme, {}, { limit: 2 });
    expect(first.items.map(({ request_id }) => request_id)).toEqual(['q5b', 'q5']);
    await insert({ id: 'q9', at: 9 });
    const second = await queries.humanRequests(acme, {}, { limit: 3, ...(first.next === undefined ? {} : { after: first.next }) });
    expect(second.items.map(({ request_id }) => request_id)).toEqual(['q4', 'q3', 'q2']);
    const third = await queries.humanRequests(acme, {}, { limit: 3, ...(second.next === undefined ? {} : { after: second.next }) });
    expect([third.items.map(({ request_id }) => request_id), third.next]).toEqual([['q1'], undefined]);
  });

  it('is filtered before the limit', async () => {
    await insert({ id: 'old', at: 1, kind: 'escalation' }, ...Array.from({ length: 20 }, (_, index) => ({ id: `q${index}`, at: 2 + index })));
    expect((await queries.humanRequests(acme, { kind: 'escalation' }, { limit: 1 })).items).toHaveLength(1);
  });

  it.each<[HumanRequestFilter, readonly string[]]>([
    [{ kind: 'question' }, ['c', 'a']], [{ status: 'answered' }, ['c']], [{ run_id: 'r2' }, ['b']], [{ automation_id: 'other' }, ['c']], [{ agent: 'clerk' }, ['a']],
    [{ since_ms: 20 }, ['c', 'b']], [{ until_ms: 20 }, ['b', 'a']], [{ since_ms: 20, until_ms: 20 }, ['b']], [{ kind: 'question', status: 'pending', agent: 'clerk' }, ['a']], [{ kind: 'nothing' }, []],
  ])('given %j has %j', async (filter, expected) => {
    await insert({ id: 'a', at: 10, agent: 'clerk' }, { id: 'b', at: 20, kind: 'escalation', run_id: 'r2' }, { id: 'c', at: 30, status: 'answered', automation_id: 'other', answer: '{"value":null}' });
    expect(await ids(filter)).toEqual(expected);
  });

  it('shows a request whole: an answer of null is one, and no answer is none', async () => {
    await automation('refunds', '*');
    await insert({ id: 'a', at: 1 }, { id: 'b', at: 2, status: 'answered', answer: '{"value":null}' }, { id: 'c', at: 3, kind: 'escalation' });
    const [c, b, a] = (await queries.humanRequests(acme, {}, { limit: 10 })).items;
    expect(a).toMatchObject({ workflow_name: 'Refund an order', prompt: 'How many?', default: 1, requested_by: { actor_id: 'ada' }, roles: null });
    expect([a && 'answer' in a, b?.answer, c?.roles]).toEqual([false, null, ['lead']]);
  });

  it('has nothing of another tenant, by list or by id', async () => {
    await insert({ id: 'a' }, { id: 'b', org_id: 'other' });
    expect(await ids()).toEqual(['a']);
    expect(await queries.humanRequest(acme, 'b')).toBeUndefined();
    expect(await queries.humanRequest({ ...acme, deployment_id: 'blue' }, 'a')).toBeUndefined();
  });

  it('shows what its automation shows, and to those who are asked what they are asked', async () => {
    await automation('refunds', 'owner:ada');
    await automation('other', '*');
    await insert({ id: 'hidden', at: 1 }, { id: 'asked', at: 2, asked: `${bob}\n["role","lead"]` }, { id: 'open', at: 3, automation_id: 'other' });
    const reader = { ...acme, viewer_keys: ['*'] };
    expect(await ids({}, reader)).toEqual(['open']);
    expect(await ids({}, { ...reader, asked_keys: [bob] })).toEqual(['open', 'asked']);
    expect(await queries.humanRequest({ ...reader, asked_keys: [bob] }, 'hidden')).toBeUndefined();
    expect(await ids({}, acme)).toEqual(['open', 'asked', 'hidden']);
  });

  it('as the reader\'s own has what asks them and is open: by name, or whoever owns the automation where it asks nobody; filtered before the limit', async () => {
    await automation('refunds', 'owner:ada');
    await automation('other', '*');
    await insert({ id: 'owned', at: 1 }, { id: 'named', at: 2, automation_id: 'hidden', asked: `${bob}\n["role","lead"]` }, { id: 'everybody', at: 3, automation_id: 'other' }, { id: 'others', at: 4, asked: '["person","eve"]' }, { id: 'over', at: 5, automation_id: 'other', status: 'answered' }, { id: 'foreign', at: 6, org_id: 'other', automation_id: 'other' });
    const mine = (owner_keys: readonly string[] | null, asked_keys: readonly string[] = []) => ids({ open_to_owner: owner_keys }, { ...acme, asked_keys });
    expect(await mine(null, [bob])).toEqual(['everybody', 'named', 'owned']);
    expect(await mine(['owner:ada'])).toEqual(['everybody', 'owned']);
    expect(await mine(['owner:eve'], [bob])).toEqual(['everybody', 'named']);
    expect((await queries.humanRequests({ ...acme, asked_keys: [bob] }, { open_to_owner: ['owner:ada'] }, { limit: 1 })).items.map(({ request_id }) => request_id)).toEqual(['everybody']);
    expect((await queries.humanRequests({ ...acme, asked_keys: ['["role","lead"]'] }, { open_to_owner: ['nobody'], automation_id: 'hidden' }, { limit: 1 })).items).toHaveLength(1);
  });

  it('reads an index, not the table, for each usual filter', async () => {
    await server.database.query({
      text: `insert into countersign.human_requests (org_id, workspace_id, deployment_id, request_id, run_id, automation_id, node_id, kind, status, request, requested_by, requested_at_ms, position)
        select 'acme', 'ops', '', 'q' || n, 'r' || n % 5000, 'a' || n % 100, 'ask', 'question', case when n % 100 = 0 then 'pending' else 'answered' end, $1, '{}', n, 1 from generate_series(1, 50000) as n`,
      values: [request.question],
    });
    await server.database.query({ text: 'analyze countersign.human_requests' });
    for (const condition of ['true', `h.status = 'pending'`, `h.automation_id = 'a7'`, `h.run_id = 'r7'`]) {
      const plan = await server.database.query<{ 'QUERY PLAN': string }>({
        text: `explain select h.* from countersign.human_requests h where h.org_id = 'acme' and h.workspace_id = 'ops' and h.deployment_id = '' and (h.requested_at_ms, h.request_id) < (9007199254740991, '') and ${condition}
          order by h.requested_at_ms desc, h.request_id desc limit 101`,
      });
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      expect(text).toContain('Index Scan');
      expect(text).not.toMatch(/Seq Scan|Sort/);
    }
  });
});
