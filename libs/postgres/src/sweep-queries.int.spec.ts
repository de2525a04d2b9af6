import { migrate } from './migrate.js';
import { PostgresSweepQueries } from './sweep-queries.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

let server: TestDatabase;
let sweeps: PostgresSweepQueries;

interface RunGiven {
  readonly status?: string;
  readonly at?: number;
  readonly updated?: number;
  /** `run/wait`. */
  readonly parent?: string;
}

const text = (value: string | undefined): string => (value === undefined ? 'null' : `'${value}'`);

const addRun = async (id: string, { status = 'running', at = 1, updated = at, parent }: RunGiven): Promise<void> => {
  const [parentRun, parentWait] = parent?.split('/') ?? [];
  await server.database.query({
    text: `insert into countersign.runs (org_id, workspace_id, deployment_id, run_id, automation_id, status, stateful_status, phase, created_at_ms, updated_at_ms, version, position, record, parent_run_id, parent_wait_id)
      values ('acme', 'ops', '', '${id}', 'a', '${status}', '${status}', 'p', ${at}, ${updated}, 1, 1, '{}', ${text(parentRun)}, ${text(parentWait)})`,
  });
};

const addWait = async (id: string, { run, child, status = 'waiting', at = 1 }: { readonly run: string; readonly child?: string; readonly status?: string; readonly at?: number }): Promise<void> => {
  await server.database.query({
    text: `insert into countersign.waits (org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, created_at_ms, updated_at_ms, event_seq, child_run_id)
      values ('acme', 'ops', '', '${run}', '${id}', 'child_run', '${status}', 'n', ${at}, ${at}, 1, ${text(child)})`,
  });
};

const ids = ({ items }: { readonly items: readonly { readonly run_id: string }[] }): readonly string[] => items.map(({ run_id }) => run_id);

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  sweeps = new PostgresSweepQueries(server.database);
}, 60_000);
afterAll(() => server.stop());
beforeEach(async () => void (await server.database.query({ text: 'truncate countersign.runs, countersign.waits' })));

describe('held runs', () => {
  it('are found when nothing happened to them for long, page by page', async () => {
    await addRun('h1', { status: 'held', at: 1 });
    await addRun('h2', { status: 'held', at: 2, updated: 50 });
    await addRun('h3', { status: 'held', at: 3 });
    await addRun('other', { status: 'queued', at: 1 });
    const first = await sweeps.heldRuns({ before_ms: 10, limit: 2 });
    expect([ids(first), first.next]).toEqual([['h1'], { created_at_ms: 2, run_id: 'h2', wait_id: '' }]);
    const second = await sweeps.heldRuns({ before_ms: 10, limit: 2, after: first.next });
    expect([ids(second), second.next]).toEqual([['h3'], undefined]);
  });
});

describe('waits for child runs', () => {
  it('are found when the child ended or is not there, and not while it goes on', async () => {
    for (const status of ['completed', 'failed', 'cancelled', 'blocked', 'running', 'awaiting_approval']) {
      await addRun(`child-${status}`, { status, parent: `of-${status}/w` });
      await addWait('w', { run: `of-${status}`, child: `child-${status}` });
    }
    await addWait('w', { run: 'of-nobody', child: 'missing' });
    await addWait('w', { run: 'over', child: 'child-completed', status: 'woken' });
    await addWait('timer', { run: 'of-running' });
    await addRun('child-young', { status: 'completed', at: 1, updated: 50 });
    await addWait('w', { run: 'of-young', child: 'child-young' });
    const found = await sweeps.childWaits({ before_ms: 10, limit: 100 });
    expect([...ids(found)].sort()).toEqual(['of-cancelled', 'of-completed', 'of-failed', 'of-nobody']);
    expect(found.items[0]).toEqual({ org_id: 'acme', workspace_id: 'ops', run_id: 'of-cancelled', wait_id: 'w' });
  });

  it('are looked at page by page, also where a page has nothing for the sweep', async () => {
    for (const at of [1, 2, 3, 4, 5]) {
      await addRun(`child-${at}`, { status: at === 4 ? 'failed' : 'running', at });
      await addWait('w', { run: `parent-${at}`, child: `child-${at}`, at });
    }
    const first = await sweeps.childWaits({ before_ms: 10, limit: 3 });
    expect([ids(first), first.next]).toEqual([[], { created_at_ms: 3, run_id: 'parent-3', wait_id: 'w' }]);
    const second = await sweeps.childWaits({ before_ms: 10, limit: 3, after: first.next });
    expect([ids(second), second.next]).toEqual([['parent-4'], undefined]);
  });
});

describe('child runs that nobody waits for', () => {
  it('are found when their wait is over or was never there, and not once they ended', async () => {
    await addWait('open', { run: 'parent', child: 'kept' });
    await addWait('over', { run: 'parent', child: 'left', status: 'cancelled' });
    await addWait('just-over', { run: 'parent', child: 'young', status: 'cancelled', at: 50 });
    await addRun('kept', { parent: 'parent/open' });
    await addRun('left', { parent: 'parent/over' });
    await addRun('left-blocked', { status: 'blocked', parent: 'parent/over' });
    await addRun('left-ended', { status: 'cancelled', parent: 'parent/over' });
    await addRun('young', { parent: 'parent/just-over' });
    await addRun('lost', { parent: 'gone/w' });
    await addRun('nobodys', {});
    expect([...ids(await sweeps.orphanRuns({ before_ms: 10, limit: 100 }))].sort()).toEqual(['left', 'left-blocked', 'lost']);
  });
});

describe('each of them', () => {
  it.each([
    ['held runs', () => sweeps.heldRuns({ before_ms: 1, limit: 5 }), 'runs_held'],
    ['waits for child runs', () => sweeps.childWaits({ before_ms: 1, limit: 5 }), 'waits_children'],
    ['child runs', () => sweeps.orphanRuns({ before_ms: 1, limit: 5 }), 'runs_children'],
  ])('reads its own index: %s', async (_what, ask, index) => {
    const reads = async (): Promise<number> => {
      await server.database.query({ text: 'select pg_stat_force_next_flush()' });
      const [row] = await server.database.query<{ idx_scan: number }>({ text: `select idx_scan::int from pg_stat_user_indexes where schemaname = 'countersign' and indexrelname = '${index}'` });
      return row?.idx_scan ?? 0;
    };
    await server.database.query({
      text: `insert into countersign.runs (org_id, workspace_id, deployment_id, run_id, automation_id, status, stateful_status, phase, created_at_ms, updated_at_ms, version, position, record)
        select 'acme', 'ops', '', 'r' || n, 'a', 'completed', 'completed', 'p', n, n, 1, 1, '{}' from generate_series(1, 5000) n`,
    });
    await server.database.query({
      text: `insert into countersign.waits (org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, created_at_ms, updated_at_ms, event_seq)
        select 'acme', 'ops', '', 'r' || n, 'w', 'timer', 'woken', 'n', n, n, 1 from generate_series(1, 5000) n`,
    });
    await server.database.query({ text: 'analyze countersign.runs, countersign.waits' });
    const before = await reads();
    await ask();
    for (let look = 0; look < 100 && (await reads()) === before; look += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await reads()).toBeGreaterThan(before);
  });
});
