import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, ProjectionUnavailableError, projectBatch, type ItemsPage, type PageRequest, type Reader, type TenantKey } from '@cs/read-models';
import { eventually } from '@cs/testing';
import { PostgresAuditQueries } from './audit-queries.adapter.js';
import { Database } from './database.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionQueries } from './projection-queries.adapter.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { PostgresServiceQueries } from './service-queries.adapter.js';
import { PostgresWaitQueries } from './wait-queries.adapter.js';
import { endedTables, pruneEnded } from './ended-rows.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const elsewhere: readonly TenantKey[] = [
  { ...acme, org_id: 'other' }, { ...acme, workspace_id: 'other' }, { ...acme, deployment_id: 'eu' },
];

let server: TestDatabase;
let queries: PostgresProjectionQueries;

const write = async (database: Database, log: LogHistory): Promise<void> => {
  const memory = new ProjectionMemory({ maxRuns: 10_000, maxBytes: 1e9 });
  await new PostgresProjectionStore(database).write(projectBatch(log.entries, { memory, digest: sha256, now: 5 }), { after: noPosition, published: noPosition });
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresProjectionQueries(server.database);
  const log = new LogHistory();
  log.automation('refund');
  for (let index = 0; index < 40; index += 1) log.wholeRun(`done-${index}`);
  for (let index = 0; index < 7; index += 1) {
    log.created(`open-${index}`);
    log.startedNode(`open-${index}`);
    log.gateOpened(`open-${index}`);
  }
  log.created('elsewhere', 'payout');
  log.created('large-1', 'bulk', 'x'.repeat(3_000_000));
  log.created('large-2', 'bulk', 'y'.repeat(3_000_000));
  log.unreadable('broken', '{', 'not JSON');
  await write(server.database, log);
}, 60_000);
afterAll(() => server.stop());

/** Every item of a list, page by page. */
const everyPage = async <Item>(read: (page: PageRequest) => Promise<ItemsPage<Item>>, limit: number): Promise<readonly (readonly Item[])[]> => {
  const pages: (readonly Item[])[] = [];
  let page = await read({ limit });
  for (;;) {
    pages.push(page.items);
    if (!page.next) return pages;
    page = await read({ limit, after: page.next });
  }
};
const runIds = (pages: readonly (readonly { run: { run_id: string } }[])[]): readonly string[] => pages.flat().map(({ run }) => run.run_id);

describe('lists', () => {
  it('are newest first, without gaps or repetitions between pages', async () => {
    const pages = await everyPage((page) => queries.runs(acme, { automation_id: 'refund' }, page), 9);
    expect(pages.map(({ length }) => length)).toEqual([9, 9, 9, 9, 9, 2]);
    const expected = [...Array.from({ length: 7 }, (_, index) => `open-${6 - index}`), ...Array.from({ length: 40 }, (_, index) => `done-${39 - index}`)];
    expect(runIds(pages)).toEqual(expected);
  });

  it('are filtered by automation and status together', async () => {
    const ids = async (filter: Parameters<typeof queries.runs>[1]) => runIds(await everyPage((page) => queries.runs(acme, filter, page), 100));
    expect(await ids({ statuses: ['awaiting_approval'] })).toHaveLength(7);
    expect(await ids({ automation_id: 'payout' })).toEqual(['elsewhere']);
    expect(await ids({ automation_id: 'payout', statuses: ['completed'] })).toEqual([]);
    expect(await ids({ statuses: [] })).toEqual([]);
  });

  it('end a page early when its answer would be too large, and go on with the next', async () => {
    const pages = await everyPage((page) => queries.runs(acme, { automation_id: 'bulk' }, page), 10);
    expect(pages.map((items) => items.map(({ run }) => run.run_id))).toEqual([['large-2'], ['large-1']]);
  });
});

describe('a timeline', () => {
  it('is queried by tenant, run, after/before sequence and tail window', async () => {
    const seqs = async (range: Partial<Parameters<typeof queries.runEvents>[2]>) => (await queries.runEvents(acme, 'done-0', { limit: 100, tail: false, ...range }))?.map(({ seq }) => seq);
    expect(await seqs({})).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await seqs({ limit: 2 })).toEqual([1, 2]);
    expect(await seqs({ limit: 2, tail: true })).toEqual([6, 7]);
    expect(await seqs({ after_seq: 2, before_seq: 5 })).toEqual([3, 4]);
  });

  it('shows each event with what it says', async () => {
    const events = await queries.runEvents(acme, 'done-0', { limit: 1, tail: false });
    expect(events).toEqual([expect.objectContaining({ schema_version: 1, run_id: 'done-0', event_type: 'stateful_runtime.automation_v2.run_created', actor: { kind: 'human', actor_id: 'ada' }, status: 'queued', payload: expect.objectContaining({ event: 'run_created' }) })]);
  });
});

describe('another tenant', () => {
  it.each(elsewhere)('$org_id/$workspace_id/$deployment_id finds nothing', async (tenant) => {
    expect(await queries.run(tenant, 'done-0')).toBeUndefined();
    expect(await queries.runEvents(tenant, 'done-0', { limit: 10, tail: false })).toBeUndefined();
    expect(await queries.automation(tenant, 'refund')).toBeUndefined();
    const empty = { items: [] };
    expect(await queries.runs(tenant, {}, { limit: 10 })).toEqual(empty);
    expect(await queries.automations(tenant, { limit: 10 })).toEqual(empty);
    expect(await queries.deadLetters(tenant, { limit: 10 })).toEqual(empty);
    const audit = new PostgresAuditQueries(server.database);
    expect(await audit.auditHead(tenant)).toBeUndefined();
    expect(await audit.auditRecords(tenant, { from_seq: 1, limit: 10 })).toEqual([]);
    expect(await audit.unsequencedAuditRecords(tenant)).toBe(0);
  });
});

describe('look-ups of one', () => {
  it('find a run, an automation with its definition, and dead letters', async () => {
    expect(await queries.run(acme, 'done-0')).toMatchObject({ run: { run_id: 'done-0', status: 'completed' }, last_seq: 7 });
    expect(await queries.automation(acme, 'refund')).toMatchObject({ automation_id: 'refund', name: 'Automation refund', flow: { nodes: [{ node_id: 'charge' }, { node_id: 'sign' }] }, definition_version: 'v1', created_at_ms: 1_000_020 });
    expect(await queries.deadLetters(acme, { limit: 5 })).toMatchObject({ items: [{ consumer: 'projector', reason: 'not JSON', status: 'open' }] });
  });
});

describe('runs in which nothing happens', () => {
  it('of every tenant are found by what may be wrong with them, page by page', async () => {
    const services = new PostgresServiceQueries(server.database);
    const row = (id: string, status: string, [created, updated, stop]: readonly [number, number, string?]) =>
      `('quiet', 'ops', '', '${id}', 'a', '${status}', '${status}', 'p', ${created}, ${updated}, 1, 1, '{}', ${stop === undefined ? 'null' : `'${stop}'`})`;
    await server.database.query({
      text: `insert into countersign.runs (org_id, workspace_id, deployment_id, run_id, automation_id, status, stateful_status, phase, created_at_ms, updated_at_ms, version, position, record, stop_kind) values
        ${[row('q1', 'running', [1, 10]), row('q2', 'running', [2, 11]), row('q3', 'queued', [3, 20]), row('q4', 'paused', [4, 30, 'stale_reaped']), row('q5', 'paused', [5, 30]), row('q6', 'pausing', [6, 20])].join(', ')}`,
    });
    const range = { running_before_ms: 10, queued_before_ms: 20, paused_after_ms: 30, limit: 3 };
    const first = await services.watchedRuns(range);
    expect(first.map(({ run_id, stateful_status }) => `${run_id} ${stateful_status}`)).toEqual(['q1 running', 'q3 queued', 'q4 paused']);
    expect((await services.watchedRuns({ ...range, after: { created_at_ms: 4, run_id: 'q4' } })).map(({ run_id }) => run_id)).toEqual(['q6']);
    await server.database.query({ text: `delete from countersign.runs where org_id = 'quiet'` });
  });
});

describe('overdue waits', () => {
  it('of every tenant are found, the longest overdue first', async () => {
    const services = new PostgresServiceQueries(server.database);
    await server.database.query({
      text: `insert into countersign.waits (org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, created_at_ms, updated_at_ms, wake_at_ms, event_seq)
        values ('acme', 'ops', '', 'r', 'w1', 'timer', 'waiting', 'n', 1, 1, 50, 1), ('other', 'ops', '', 'r', 'w2', 'timer', 'waiting', 'n', 1, 1, 40, 1), ('acme', 'ops', '', 'r', 'w3', 'timer', 'woken', 'n', 1, 1, 30, 1), ('acme', 'ops', '', 'r', 'gate', 'approval', 'waiting', 'n', 1, 1, 45, 1)`,
    });
    expect(await services.dueWaits({ due_before_ms: 50, limit: 10 })).toEqual([
      { org_id: 'other', workspace_id: 'ops', run_id: 'r', wait_id: 'w2', due_at_ms: 40 }, { org_id: 'acme', workspace_id: 'ops', run_id: 'r', wait_id: 'gate', due_at_ms: 45 }, { org_id: 'acme', workspace_id: 'ops', run_id: 'r', wait_id: 'w1', due_at_ms: 50 },
    ]);
    expect(await services.dueWaits({ due_before_ms: 44, limit: 10 })).toHaveLength(1);
  });
});

describe('plans', () => {
  /** The plan of a prepared query, as the server runs it when tables are large. */
  const planOf = async (ask: (database: Database) => Promise<unknown>): Promise<string> => {
    const explained: string[] = [];
    class Explaining extends Database {
      override async query<Row>(statement: Parameters<Database['query']>[0]): Promise<readonly Row[]> {
        const { name: _name, ...unnamed } = statement;
        const rows = await super.query<{ 'QUERY PLAN': string }>({ ...unnamed, text: `explain ${statement.text}` });
        explained.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return [{ exists: true }] as unknown as readonly Row[];
      }
    }
    const database = new Explaining({ url: `${server.url}?options=-c%20enable_seqscan%3Doff`, name: 'plans' });
    await ask(database).catch(() => undefined);
    await database.close();
    return explained.join('\n');
  };
  const page = { limit: 10, after: { at_ms: 5, id: 'x' } };
  const someone: Reader = { ...acme, viewer_keys: ['one', 'other'] };

  it.each([
    ['runs by status', (database: Database) => new PostgresProjectionQueries(database).runs(acme, {}, page), 'runs_by_status'],
    ['runs of an automation', (database: Database) => new PostgresProjectionQueries(database).runs(acme, { automation_id: 'a' }, page), 'runs_by_automation'],
    ['a timeline', (database: Database) => new PostgresProjectionQueries(database).runEvents(acme, 'r', { limit: 5, tail: true, after_seq: 3 }), 'run_events_pkey'],
    ['automations', (database: Database) => new PostgresProjectionQueries(database).automations(acme, page), 'automations_by_age'],
    ['runs that are visible', (database: Database) => new PostgresProjectionQueries(database).runs(someone, {}, page), 'runs_by_automation'],
    ['runs of a visible automation', (database: Database) => new PostgresProjectionQueries(database).runs(someone, { automation_id: 'a' }, page), 'runs_by_automation'],
    ['automations that are visible', (database: Database) => new PostgresProjectionQueries(database).automations(someone, page), 'automations_by_age'],
    ['waits that are visible', (database: Database) => new PostgresWaitQueries(database).waits(someone, {}, { limit: 5 }), 'waits_listed'],
    ['dead letters', (database: Database) => new PostgresProjectionQueries(database).deadLetters(acme, page), 'dead_letters_by_age'],
    ['overdue waits', (database: Database) => new PostgresServiceQueries(database).dueWaits({ due_before_ms: 5, limit: 5 }), 'waits_due'],
    ['waits', (database: Database) => new PostgresWaitQueries(database).waits(acme, {}, { limit: 5 }), 'waits_listed'],
    ['the waits of a run', (database: Database) => new PostgresWaitQueries(database).waits(acme, { run_id: 'r' }, { limit: 5 }), 'on waits'],
    ['waits to prune', (database: Database) => pruneEnded(database, endedTables.waits, { ended_before_ms: 5, limit: 5 }), 'waits_ended'],
    ['the audit chain', (database: Database) => new PostgresAuditQueries(database).auditRecords(acme, { from_seq: 5, limit: 5 }), 'audit_records_pkey'],
  ])('of %s read one index in its order, and no whole table', async (_what, ask, index) => {
    const plan = await planOf(ask);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/Seq Scan/);
    expect(plan).toMatch(/Index Cond: .*(org_id|due_at_ms|completed_at_ms)/);
  });
});

describe('a database that is away', () => {
  it('is told apart from a defect', async () => {
    const away = new Database({ url: 'postgres://nobody@127.0.0.1:1/none', name: 'away' });
    await expect(new PostgresProjectionQueries(away).run(acme, 'r')).rejects.toThrow(ProjectionUnavailableError);
  });

  it('is used again when it is back', async () => {
    const database = server.connect();
    const reads = new PostgresServiceQueries(database);
    await reads.position();
    await server.database.query({ text: 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()' });
    expect(await eventually(() => reads.position())).toBeGreaterThan(0);
  });
});
