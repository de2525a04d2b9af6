import { ledgerCollections } from '@cs/contracts';
import { migrate } from './migrate.js';
import { deadLettersText, ledgerText, PostgresOperationsQueries } from './operations-queries.adapter.js';
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
    expect([counts.dead_letters, counts.ledger]).toEqual([[], []]);
  });

  it('are of the ledger by status, with the oldest of each, without what is settled or moot, and read none of that', async () => {
    const many = 'generate_series(1, 20_000) as n';
    const tenant = `'acme', 'ops', ''`;
    for (const text of [
      `insert into countersign.outbox (org_id, workspace_id, deployment_id, outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, created_at_ms, updated_at_ms)
        select ${tenant}, 'o' || n, 'r', 'e', case when n = 1 then 'pending' when n in (2, 3) then 'claimed' when n = 4 then 'dead_lettered' when n % 2 = 0 then 'sent' else 'cancelled' end, 's', 's', 'k', 1, n * 10 from ${many}`,
      `insert into countersign.tool_effects (org_id, workspace_id, deployment_id, effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, created_at_ms, updated_at_ms)
        select ${tenant}, 'e' || n, 'o', 'a', 'r', case when n < 3 then 'unknown' when n = 3 then 'failed' else 'succeeded' end, 's', 's', 'h', 1, n * 10 from ${many}`,
      `insert into countersign.dead_letters (org_id, workspace_id, deployment_id, dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, updated_at_ms, superseded_at_ms, position)
        select ${tenant}, 'l' || n, 'node', 'x', case when n = 2 then 'runner' else 'notifier' end, 's', 1, 1, 'r', case when n < 5 then 'open' when n % 2 = 0 then 'ignored' else 'cleared' end, 1, n * 10, case when n = 1 then 5 end, 1 from ${many}`,
      `insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, superseded_at_ms, created_at_ms, updated_at_ms)
        select ${tenant}, 'c' || n, 'r', 'n', case when n < 4 then 'awaiting_approval' when n % 2 = 0 then 'completed' else 'cleared' end, 'x', 'e', 1, 0, case when n = 1 then 5 end, 1, n * 10 from ${many}`,
      'analyze',
    ]) await insert(text);
    const { ledger, dead_letters } = await new PostgresOperationsQueries(server.database).counts(now);
    expect(ledger.map(({ collection, status, count, oldest_at_ms }) => `${collection} ${status} ${count} ${oldest_at_ms}`).sort()).toEqual([
      'compensations awaiting_approval 2 20', 'dead_letters open 3 20', 'outbox claimed 2 20', 'outbox dead_lettered 1 40', 'outbox pending 1 10', 'tool_effects failed 1 30', 'tool_effects unknown 2 10',
    ]);
    expect(dead_letters.map(({ consumer, count }) => `${consumer} ${count}`).sort()).toEqual(['notifier 2', 'runner 1']);
    for (const text of [ledgerText, deadLettersText]) {
      const plan = JSON.stringify(await server.database.query({ text: `explain (format json) ${text}` }));
      expect(plan).not.toContain('Seq Scan');
      expect(new Set([...plan.matchAll(/"Index Name":"(\w+)"/g)].map(([, name]) => name?.replace(/_unsettled$/, '')))).toEqual(new Set(text === ledgerText ? ledgerCollections : ['dead_letters']));
    }
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
