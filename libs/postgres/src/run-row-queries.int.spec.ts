import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, rowDifferences, rowsOfRun, type RowPair } from '@cs/read-models';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { PostgresRunRowQueries } from './run-row-queries.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

let server: TestDatabase;
let log: LogHistory;

beforeAll(async () => {
  server = await startTestDatabase();
}, 60_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await server.database.query({ text: 'drop schema if exists countersign cascade' });
  await migrate(server.database);
  log = new LogHistory();
  log.automation('refund');
  log.wholeRun('r1');
  log.created('r2');
  log.startedNode('r2');
  log.gateOpened('r2');
  const store = new PostgresProjectionStore(server.database);
  await store.write(projectBatch(log.entries, { memory: new ProjectionMemory({ maxRuns: 100, maxBytes: 1e8 }), digest: sha256, now: 5 }), { after: noPosition, published: noPosition });
});

const compare = (run_id: string): Promise<readonly RowPair[]> => {
  const entries = log.entries.filter(({ ref }) => ref.aggregate === 'run' && ref.id === run_id);
  return new PostgresRunRowQueries(server.database).differentRows({ org_id: 'acme', workspace_id: 'ops', run_id }, rowsOfRun(entries, { seq: 99, digest: sha256 }));
};
const differences = async (run_id: string) => (await compare(run_id)).flatMap(rowDifferences);
const damage = (text: string): Promise<unknown> => server.database.query({ text });

describe('comparing the rows of a run with the log', () => {
  it('finds nothing where nothing is wrong', async () => {
    expect(await compare('r1')).toEqual([]);
    expect(await compare('r2')).toEqual([]);
  });

  it('finds a value in a record, with what it should be', async () => {
    await damage(`update countersign.runs set record = replace(record, '"status":"completed"', '"status":"failed"') where run_id = 'r1'`);
    const found = await differences('r1');
    expect(found).toContainEqual({ table: 'runs', key: { org_id: 'acme', workspace_id: 'ops', run_id: 'r1' }, kind: 'different', path: '/record/status', projected: 'failed', replayed: 'completed' });
    expect(await differences('r2')).toEqual([]);
  });

  it.each([
    ['a timeline entry that is gone', `delete from countersign.run_events where run_id = 'r1' and seq = 2`, { table: 'run_events', kind: 'missing', key: { org_id: 'acme', workspace_id: 'ops', run_id: 'r1', seq: 2 } }],
    ['one that was added', `insert into countersign.run_events select org_id, workspace_id, run_id, 77, event_id, event_type, occurred_at_ms, actor, phase_id, wait_kind, causation_id, correlation_id, position, status, payload from countersign.run_events where run_id = 'r1' and seq = 2`, { table: 'run_events', kind: 'unexpected', path: '' }],
    ['a decision that was changed', `update countersign.gates set decision = 'cancel' where run_id = 'r1'`, { table: 'gates', kind: 'different', path: '/decision', projected: 'cancel', replayed: 'approve' }],
    ['a run that is gone', `delete from countersign.runs where run_id = 'r1'`, { table: 'runs', kind: 'missing' }],
    ['a status column', `update countersign.runs set stateful_status = 'queued' where run_id = 'r1'`, { table: 'runs', kind: 'different', path: '/stateful_status', projected: 'queued', replayed: 'completed' }],
  ])('finds %s', async (_what, text, expected) => {
    await damage(text);
    expect(await differences('r1')).toEqual([expect.objectContaining(expected)]);
  });
});
