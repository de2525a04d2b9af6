import type { ApprovalFilter, Reader } from '@cs/read-models';
import type { Database } from './database.js';
import { approvalsStatement } from './governance-queries.adapter.js';
import { migrate } from './migrate.js';
import { readBy } from './plan-reads.fixture.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const limit = 20;
const many = 40_000;
const now_ms = many - 60;

let server: TestDatabase;
let one: Database;

/** Requests of years: most were used, some were never decided; at the end sixty are still open. */
beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  await server.database.query({
    text: `insert into countersign.governance_approvals (org_id, workspace_id, deployment_id, approval_id, status, approval_type, subject_kind, subject_id, automation_id, binding, reason, requested_by, requested_at_ms, expires_at_ms, position)
      select case when n % 3 = 0 then 'other' else 'acme' end, 'ops', '', 'a' || n, case when n < 1000 and n % 20 = 1 then 'denied' when n % 4 = 1 then 'pending' when n % 8 = 2 then 'approved' else 'consumed' end, 'run', 'automation', 'x', 'x', '{}', 'r', '{}', n, n, n
      from generate_series(1, ${many}) as n`,
  });
  await server.database.query({ text: 'vacuum analyze countersign.governance_approvals' });
  one = server.connect();
}, 120_000);
afterAll(async () => {
  await one.close();
  await server.stop();
});

describe('with the requests of years, a list of governance approvals', () => {
  it.each<readonly [string, Partial<ApprovalFilter>, { readonly index: string; readonly most: number }]>([
    ['everything', {}, { index: 'governance_approvals_by_status', most: 4 * (limit + 1) }],
    ['what was used', { status: 'consumed' }, { index: 'governance_approvals_by_status', most: limit + 1 }],
    ['what was denied, long ago', { status: 'denied' }, { index: 'governance_approvals_by_status', most: limit + 1 }],
    ['what waits for somebody', { status: 'pending' }, { index: 'governance_approvals_open', most: 60 }],
    ['what may be used', { status: 'approved' }, { index: 'governance_approvals_open', most: 60 }],
    ['what expired', { status: 'expired' }, { index: 'governance_approvals_by_status', most: 2 * (limit + 1) + 60 }],
  ])('reads what it shows, not what lies before it: %s', async (_what, filter, { index, most }) => {
    const read = await readBy(one, approvalsStatement(acme, { now_ms, ...filter }, { limit }));
    // A bitmap of the index reads the table itself, as many rows.
    expect([...read.keys()].filter((name) => name !== 'governance_approvals')).toEqual([index]);
    expect(read.get(index)).toBeGreaterThan(0);
    for (const rows of read.values()) expect(rows).toBeLessThanOrEqual(most);
  });
});
