import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LogEntry } from '@cs/eventing';
import { noPosition, toPosition } from '@cs/kernel';
import { ProjectionFencedError, ProjectionMemory, projectBatch, RowsRefusedError, type RowChanges } from '@cs/read-models';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const tables = ['archive', 'runs', 'run_events', 'waits', 'gates', 'automations', 'definitions', 'deliveries', 'dead_letters', 'audit_records', 'audit_heads'];

let server: TestDatabase;
let store: PostgresProjectionStore;

beforeAll(async () => {
  server = await startTestDatabase();
  // Two starters at once: one migrates, the other finds it done.
  await Promise.all([migrate(server.database), migrate(server.connect())]);
  store = new PostgresProjectionStore(server.database);
}, 60_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await server.database.query({ text: `truncate ${tables.map((table) => `countersign.${table}`).join(', ')}` });
  await server.database.query({ text: 'update countersign.projection_position set projected = 0, published = 0' });
});

const newMemory = () => new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e8 });

const project = async (entries: readonly LogEntry[], memory: ProjectionMemory): Promise<RowChanges> => {
  const missing = memory.missing(entries);
  memory.remember(missing, await store.load(missing));
  return projectBatch(entries, { memory, digest: sha256, now: 5 });
};

/** Projects in batches of `size`, each with a memory of its own: everything is read back from the rows. */
const projectForgetfully = async (entries: readonly LogEntry[], size: number): Promise<void> => {
  for (let from = 0; from < entries.length; from += size) {
    const batch = entries.slice(from, from + size);
    await store.write(await project(batch, newMemory()), { after: toPosition(from), published: noPosition });
  }
};

/** Documents are equal when their values are, whatever the order of their members. */
const readDocuments = (row: object): object =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'string' && value.startsWith('{') ? JSON.parse(value) as unknown : value]));

const snapshot = async (): Promise<unknown> => {
  const contents = await Promise.all(tables.map((table) => server.database.query<object>({ text: `select * from countersign.${table} as t order by t::text` })));
  return Object.fromEntries(tables.map((table, index) => [table, contents[index]?.map(readDocuments)]));
};

describe('writing a batch', () => {
  it('gives the same rows however the log is split, also when nothing is remembered in between', async () => {
    const log = new LogHistory();
    log.automation('refund');
    log.wholeRun('r1');
    log.created('r2');
    log.startedNode('r2');
    log.gateOpened('r2');
    log.unreadable('r3', 'not json\0at all', 'not JSON');
    const split = async (size: number): Promise<unknown> => {
      await projectForgetfully(log.entries, size);
      const rows = await snapshot();
      await server.database.query({ text: `truncate ${tables.map((table) => `countersign.${table}`).join(', ')}` });
      await server.database.query({ text: 'update countersign.projection_position set projected = 0' });
      return rows;
    };
    const whole = await split(100);
    expect(await split(1)).toEqual(whole);
    expect(await split(3)).toEqual(whole);
  });

  it('changes nothing when it is repeated', async () => {
    const log = new LogHistory();
    log.wholeRun('r1');
    const changes = await project(log.entries, newMemory());
    await store.write(changes, { after: noPosition, published: noPosition });
    const before = await snapshot();
    await expect(store.write(changes, { after: noPosition, published: noPosition })).rejects.toThrow(ProjectionFencedError);
    expect(await snapshot()).toEqual(before);
  });

  it('append-once by event id, also under concurrent duplicates: one of two projectors at the same position writes', async () => {
    const log = new LogHistory();
    log.wholeRun('r1');
    const changes = await project(log.entries, newMemory());
    const other = new PostgresProjectionStore(server.connect());
    const outcomes = await Promise.allSettled([store, other].map((writer) => writer.write(changes, { after: noPosition, published: noPosition })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await server.database.query({ text: 'select count(*) as rows from countersign.archive' })).toEqual([{ rows: log.position }]);
  });

  it('sequences are monotonic, and independent per tenant: the same run of two workspaces counts for itself', async () => {
    const [ops, lab] = [new LogHistory(), new LogHistory({ org_id: 'acme', workspace_id: 'lab' }, 5)];
    ops.wholeRun('r1');
    lab.created('r1');
    lab.startedNode('r1');
    await store.write(await project([...ops.entries, ...lab.entries], newMemory()), { after: noPosition, published: noPosition });
    const seqs = (workspace: string) => server.database.query<{ seqs: number[] }>({ text: 'select array_agg(seq::int order by position, seq) as seqs from countersign.run_events where workspace_id = $1', values: [workspace] });
    expect([await seqs('ops'), await seqs('lab')]).toEqual([[{ seqs: [1, 2, 3, 4, 5, 6, 7] }], [{ seqs: [1, 2, 3] }]]);
  });

  it('writes all of a batch or nothing', async () => {
    const log = new LogHistory();
    log.wholeRun('r1');
    const changes = await project(log.entries, newMemory());
    const broken: RowChanges = { ...changes, audit_records: [...changes.audit_records, ...changes.audit_records] };
    await expect(store.write(broken, { after: noPosition, published: noPosition })).rejects.toThrow(RowsRefusedError);
    expect(await server.database.query({ text: 'select count(*) as rows from countersign.archive' })).toEqual([{ rows: 0 }]);
    expect((await store.progress()).projected).toBe(0);
  });

  it('keeps every body exactly, and remembers how far publishing is', async () => {
    const log = new LogHistory();
    log.created('r1', 'refund', { text: 'naïve – \u0000 \ud83d\ude80 \ud800' });
    log.unreadable('r2', 'zero\0byte', 'not JSON');
    await store.write(await project(log.entries, newMemory()), { after: noPosition, published: toPosition(1) });
    expect((await store.archived(toPosition(1), 10)).map(({ body, problem }) => ({ body, problem }))).toEqual([
      { body: log.entries[0]?.body, problem: null },
      { body: 'zero\0byte', problem: 'not JSON' },
    ]);
    expect(await store.progress()).toEqual({ projected: 2, published: 1 });
  });
});
