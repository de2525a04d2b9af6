import { rankOf, type TenantKey, type WaitFilter, type WaitKey } from '@cs/read-models';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';
import { migrate } from './migrate.js';
import { PostgresServiceQueries } from './service-queries.adapter.js';
import { endedTables, pruneEnded } from './ended-rows.js';
import { PostgresWaitQueries } from './wait-queries.adapter.js';

let server: TestDatabase;
let queries: PostgresWaitQueries;
beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresWaitQueries(server.database);
}, 60_000);
afterAll(() => server.stop());
beforeEach(() => server.database.query({ text: 'truncate countersign.waits' }));

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
interface Row {
  readonly wait_id: string;
  readonly org_id?: string;
  readonly run_id?: string;
  readonly kind?: string;
  readonly status?: string;
  readonly wake?: number;
  readonly timeout?: number;
  readonly created?: number;
  readonly completed?: number;
}
const insert = async (...rows: readonly Row[]): Promise<void> => {
  for (const { org_id = 'acme', run_id = 'r1', wait_id, kind = 'timer', status = 'waiting', wake, timeout, created = 1, completed } of rows) {
    await server.database.query({
      text: `insert into countersign.waits (org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, created_at_ms, updated_at_ms, wake_at_ms, timeout_at_ms, event_seq, completed_at_ms)
        values ($1, 'ops', '', $2, $3, $4, $5, 'n', $6, $6, $7, $8, 1, $9)`,
      values: [org_id, run_id, wait_id, kind, status, created, wake ?? null, timeout ?? null, completed ?? null],
    });
  }
};
/** Ids of all pages of a list. */
const pages = async (filter: WaitFilter, limit: number, tenant = acme): Promise<readonly (readonly string[])[]> => {
  const found: (readonly string[])[] = [];
  let after: WaitKey | undefined;
  do {
    const page = await queries.waits(tenant, filter, { limit, ...(after === undefined ? {} : { after }) });
    found.push(page.items.map(({ wait_id }) => wait_id));
    after = page.next;
  } while (after !== undefined);
  return found;
};

describe('the list of waits', () => {
  const rows: readonly Row[] = [
    { wait_id: 'old-woken', status: 'woken', wake: 1 }, { wait_id: 'older-cancelled', status: 'cancelled', wake: 0 },
    { wait_id: 'timeout-first', wake: 90, timeout: 10 }, { wait_id: 'b', wake: 20, created: 2 }, { wait_id: 'a', wake: 20, created: 1 },
    { wait_id: 'never', kind: 'external_condition' }, { wait_id: 'escalated', kind: 'external_condition', status: 'escalated', timeout: 5 },
  ];
  const ordered = ['escalated', 'timeout-first', 'a', 'b', 'never', 'older-cancelled', 'old-woken'];

  it('is ordered by due time, with active waits before ended ones, over pages of any length', async () => {
    await insert(...rows);
    for (const limit of [1, 2, 3, 7, 100]) {
      expect((await pages({}, limit)).flat()).toEqual(ordered);
      expect((await pages({ run_id: 'r1' }, limit)).flat()).toEqual(ordered);
    }
    expect(rankOf('escalated')).toBe(0);
  });

  it('never loses an active wait behind ended ones, however many there are', async () => {
    await insert(...Array.from({ length: 30 }, (_, index) => ({ wait_id: `done-${index}`, status: 'woken', wake: index })), { wait_id: 'open', wake: 1_000_000 });
    expect((await pages({ run_id: 'r1' }, 5))[0]?.[0]).toBe('open');
    expect((await pages({}, 5))[0]?.[0]).toBe('open');
  });

  it('is filtered by run, kind and status, and by tenant: equal wait ids in different tenants or runs do not clash', async () => {
    await insert(...rows, { wait_id: 'a', org_id: 'other', wake: 1 }, { wait_id: 'a', run_id: 'r2', wake: 30 });
    expect(await pages({ status: 'waiting', kind: 'timer' }, 100)).toEqual([['timeout-first', 'a', 'b', 'a']]);
    expect(await pages({ run_id: 'r2' }, 100)).toEqual([['a']]);
    expect(await pages({ kind: 'nonsense' }, 100)).toEqual([[]]);
    expect(await pages({ status: 'claimed' }, 100)).toEqual([[]]);
    expect(await pages({}, 100, { ...acme, org_id: 'other' })).toEqual([['a']]);
    expect(await pages({}, 100, { ...acme, deployment_id: 'blue' })).toEqual([[]]);
  });
});

describe('due waits', () => {
  it('are found by their wake-up or their timeout, after any downtime, page by page; gates too', async () => {
    await insert(
      { wait_id: 'missed', wake: 10 }, { wait_id: 'expired', kind: 'external_condition', timeout: 5 }, { wait_id: 'later', wake: 99 }, { wait_id: 'open', kind: 'webhook' },
      { wait_id: 'gate', kind: 'approval', timeout: 1 }, { wait_id: 'decided', kind: 'approval', status: 'woken', timeout: 1 }, { wait_id: 'done', status: 'woken', wake: 1 },
    );
    const services = new PostgresServiceQueries(server.database);
    const first = await services.dueWaits({ due_before_ms: 50, limit: 1 });
    expect(first).toEqual([{ org_id: 'acme', workspace_id: 'ops', run_id: 'r1', wait_id: 'gate', due_at_ms: 1 }]);
    expect((await services.dueWaits({ due_before_ms: 50, limit: 10, after: first[0] })).map(({ wait_id }) => wait_id)).toEqual(['expired', 'missed']);
  });
});

describe('retention', () => {
  it('prunes only old terminal waits, a bounded number at a time', async () => {
    await insert(
      { wait_id: 'open', created: 1 }, { wait_id: 'old', status: 'woken', completed: 5 }, { wait_id: 'older', status: 'timed_out', completed: 3 },
      { wait_id: 'untimed', status: 'cancelled', created: 4 }, { wait_id: 'young', status: 'escalated', completed: 60 },
    );
    expect(await pruneEnded(server.database, endedTables.waits, { ended_before_ms: 50, limit: 2 })).toBe(2);
    expect((await pages({}, 100)).flat().sort()).toEqual(['old', 'open', 'young']);
    expect(await pruneEnded(server.database, endedTables.waits, { ended_before_ms: 50, limit: 2 })).toBe(1);
    expect(await pruneEnded(server.database, endedTables.waits, { ended_before_ms: 50, limit: 2 })).toBe(0);
  });
});
