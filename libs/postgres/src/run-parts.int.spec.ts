import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogEntry } from '@cs/eventing';
import { canonicalJson, noPosition, toPosition, type Json } from '@cs/kernel';
import { lastSeqOf, ProjectionMemory, projectBatch, rowsOfRun, runAsOf, type Reader } from '@cs/read-models';
import { answerBytes } from './answer-size.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionQueries } from './projection-queries.adapter.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { PostgresRunObservability } from './run-observability.adapter.js';
import { PostgresRunRowQueries } from './run-row-queries.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const limits = { event_limit: 5, snapshot_limit: 1, reliability_limit: 5, audit_limit: 5 };
const log = new LogHistory();
let server: TestDatabase;
let queries: PostgresProjectionQueries;

const listRun = (run: string, items: number, text: string): void => {
  const output = (item: number): Json => ({ item, text });
  log.created(run);
  log.run(run, 'running', { event_type: 'run_execution_claimed', data: { claim: { claim_id: run, claimant_id: 'r1', claimed_at_ms: 1, lease_expires_at_ms: 2, lease_epoch: 1 } } }, { event_type: 'node_fan_out_started', data: { node_id: 'charge', attempt: 1, items: Array.from({ length: items }, (_none, item) => item) } });
  for (let item = 0; item < items; item += 1) log.run(run, 'running', { event_type: 'node_started', data: { node_id: 'charge', item, attempt: 1 } }, { event_type: 'node_completed', data: { node_id: 'charge', item, attempt: 1, output: { status: 'completed', contract_kind: 'http', content: output(item), created_at_ms: 1 } } });
};

const commitsOf = (run: string): readonly LogEntry[] => log.entries.filter(({ ref }) => ref.aggregate === 'run' && ref.id === run);
const folded = (run: string): string => canonicalJson(runAsOf(commitsOf(run), lastSeqOf(commitsOf(run))));
const stored = (): Promise<readonly object[]> => server.database.query({ text: 'select run_id, octet_length(record)::int as record, parts_bytes, (select count(*)::int from countersign.run_parts p where p.run_id = r.run_id) as parts from countersign.runs r order by run_id' });

/** Batches of `size`, each with a memory of its own: runs are read back before each. */
const projectForgetfully = async (size: number): Promise<void> => {
  const store = new PostgresProjectionStore(server.database);
  for (let from = 0; from < log.entries.length; from += size) {
    const [batch, memory] = [log.entries.slice(from, from + size), new ProjectionMemory({ maxRuns: 10, maxBytes: 1e8 })];
    const missing = memory.missing(batch);
    memory.remember(missing, await store.load(missing));
    await store.write(projectBatch(batch, { memory, digest: sha256, now: 5 }), { after: from === 0 ? noPosition : toPosition(from), published: noPosition });
  }
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresProjectionQueries(server.database);
  log.automation('refund');
  listRun('long', 250, 'naïve \u0000 \ud800');
  listRun('short', 3, 'x');
  for (const run of ['large-1', 'large-2', 'large-3']) listRun(run, 101, 'y'.repeat(20_000));
  await projectForgetfully(60);
}, 120_000);
afterAll(() => server.stop());

describe('runs with long lists in the database', () => {
  it('stand in a short record and in parts; those with short lists in the record alone', async () => {
    const rows = await stored();
    expect(rows).toContainEqual({ run_id: 'long', record: expect.any(Number), parts_bytes: expect.any(Number), parts: 4 });
    expect(rows).toContainEqual({ run_id: 'short', record: expect.any(Number), parts_bytes: 0, parts: 0 });
    expect(rows).toContainEqual({ run_id: 'large-1', record: expect.any(Number), parts_bytes: expect.any(Number), parts: 3 });
    for (const { record } of rows as readonly { record: number }[]) expect(record).toBeLessThan(3000);
  });

  it('are read whole, one and in lists', async () => {
    const one = await queries.run(acme, 'long');
    const { items } = await queries.runs(acme, {}, { limit: 10 });
    expect(canonicalJson(one?.run)).toBe(folded('long'));
    for (const { run } of items) expect(canonicalJson(run)).toBe(folded(run.run_id));
  });

  it('count in the size of an answer with all that stands beside them', async () => {
    const { items, next } = await queries.runs(acme, {}, { limit: 10 });
    expect(items.map(({ run }) => run.run_id)).toEqual(['large-3', 'large-2']);
    expect(Buffer.byteLength(JSON.stringify(items.map(({ run }) => run)))).toBeLessThan(answerBytes + 100_000);
    expect((await queries.runs(acme, {}, { limit: 10, ...(next === undefined ? {} : { after: next }) })).items.map(({ run }) => run.run_id)).toEqual(['large-1', 'short', 'long']);
  });

  it('are observed without their lists, of which the document shows nothing', async () => {
    const rows = await new PostgresRunObservability(server.database).observedRun(acme, 'long', limits);
    expect(rows?.run.run.checkpoint).not.toHaveProperty('fan_outs');
    expect(rows?.run.run.status).toBe('running');
  });

  it('are what their commits lead to, and a part that is changed or gone is found', async () => {
    const compare = () => new PostgresRunRowQueries(server.database).differentRows({ org_id: 'acme', workspace_id: 'ops', run_id: 'long' }, rowsOfRun(commitsOf('long'), { seq: lastSeqOf(commitsOf('long')), digest: sha256 }));
    expect(await compare()).toEqual([]);
    await server.database.query({ text: `delete from countersign.run_parts where ctid in (select ctid from countersign.run_parts where run_id = 'long' limit 1)` });
    expect(await compare()).toEqual([expect.objectContaining({ table: 'run_parts', projected: null })]);
  });
});
