import { migrate } from './migrate.js';
import { PostgresOperationsQueries } from './operations-queries.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const hour = 3_600_000;
const now = 1_000 * hour;

describe('counts over all tenants', () => {
  let server: TestDatabase;
  const insert = (text: string) => server.database.query({ text });

  beforeAll(async () => {
    server = await startTestDatabase();
    await migrate(server.database);
  }, 60_000);
  afterAll(() => server.stop());

  it('are of runs by status, open gates by age, open dead letters by consumer and unfinished deliveries by state', async () => {
    for (const [id, status] of ['queued', 'queued', 'completed', 'blocked'].entries()) {
      await insert(`insert into countersign.runs (org_id, workspace_id, deployment_id, run_id, automation_id, status, stateful_status, phase, created_at_ms, updated_at_ms, version, position, record)
        values ('org-${id}', 'ops', '', 'r${id}', 'a', '${status}', '${status}', 'p', 1, 1, 1, 1, '{}')`);
    }
    for (const [id, [status, age]] of ([['open', 0.5], ['open', 2], ['open', 30], ['open', 31], ['open', 500], ['decided', 0.1]] as const).entries()) {
      await insert(`insert into countersign.gates (org_id, workspace_id, deployment_id, gate_opening_id, run_id, automation_id, node_id, status, requested_at_ms, position)
        values ('acme', 'ops', '', 'g${id}', 'r', 'a', 'n', '${status}', ${now - age * hour}, 1)`);
    }
    for (const [id, status] of ['pending', 'retrying', 'retrying', 'sent', 'abandoned'].entries()) {
      await insert(`insert into countersign.deliveries (org_id, workspace_id, deployment_id, delivery_id, status, attempts, updated_at_ms, position) values ('acme', 'ops', '', 'd${id}', '${status}', 1, 1, 1)`);
    }
    const counts = await new PostgresOperationsQueries(server.database).counts(now);
    const sorted = <Row>(rows: readonly Row[]): readonly string[] => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(counts.runs)).toEqual(sorted([{ status: 'queued', count: 2 }, { status: 'completed', count: 1 }, { status: 'blocked', count: 1 }]));
    expect(sorted(counts.open_gates)).toEqual(sorted([{ age: 'under_1h', count: 1 }, { age: 'under_1d', count: 1 }, { age: 'under_7d', count: 2 }, { age: 'over_7d', count: 1 }]));
    expect(sorted(counts.deliveries)).toEqual(sorted([{ status: 'pending', count: 1 }, { status: 'retrying', count: 2 }]));
    expect(counts.dead_letters).toEqual([]);
  });

  it('come from connections that are counted too', async () => {
    const database = server.connect();
    expect(database.connections()).toEqual({ used: 0, idle: 0, waiting: 0 });
    await Promise.all(Array.from({ length: 8 }, () => database.query({ text: 'select 1' })));
    const { used, idle, waiting } = database.connections();
    expect([used, waiting]).toEqual([0, 0]);
    expect(idle).toBeGreaterThan(0);
    const busy = database.query({ text: 'select pg_sleep(0.2)' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(database.connections().used).toBe(1);
    await busy;
  });
});
