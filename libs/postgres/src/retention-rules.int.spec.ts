import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { noPosition } from '@cs/kernel';
import { compactionMarkerType, ProjectionMemory, projectBatch, type RetentionRule } from '@cs/read-models';
import { Database } from './database.js';
import { holdAlone } from './hold-alone.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { retentionRules } from './retention-rules.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

let server: TestDatabase;

beforeAll(async () => {
  server = await startTestDatabase();
}, 60_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await server.database.query({ text: 'drop schema if exists countersign cascade' });
  await migrate(server.database);
});

const write = async (...logs: readonly LogHistory[]): Promise<void> => {
  const entries = logs.flatMap((log) => log.entries).map((entry, index) => ({ ...entry, position: (index + 1) as typeof entry.position }));
  await new PostgresProjectionStore(server.database).write(projectBatch(entries, { memory: new ProjectionMemory({ maxRuns: 10_000, maxBytes: 1e9 }), digest: sha256, now: 5 }), { after: noPosition, published: noPosition });
};

const rules = (keep = 3): readonly RetentionRule[] => retentionRules(server.database, { keep, digest: sha256 }).filter(({ what }) => what === 'events of timelines');
const prune = async (before_ms: number, keep = 3): Promise<number> => {
  let taken = 0;
  for (const rule of rules(keep)) for await (const rows of rule.prune(before_ms)) taken += rows;
  return taken;
};

interface Line {
  readonly org_id: string;
  readonly seq: number;
  readonly event_type: string;
  readonly payload: string;
  readonly phase_transition: string | null;
}
const timeline = async (run: string): Promise<readonly Line[]> =>
  (await server.database.query<Line>({ text: 'select org_id, seq, event_type, payload, phase_transition from countersign.run_events where run_id = $1 order by org_id, seq', values: [run] }));
const seqs = async (run: string): Promise<readonly string[]> => (await timeline(run)).map(({ seq, event_type }) => (event_type === compactionMarkerType ? `-${seq}` : String(seq)));

/** A run of many events, each in a commit of its own. */
const longRun = (events: number, log = new LogHistory()): LogHistory => {
  log.created('long');
  for (let seq = 2; seq <= events; seq += 1) log.run('long', 'running', { event_type: 'node_started', data: { node_id: 'charge', attempt: seq } });
  return log;
};
const always = Number.MAX_SAFE_INTEGER;

describe('the compaction of timelines', () => {
  it('Compaction keeps the replay tail: the newest events of each run stay, however old, behind a marker for the others', async () => {
    const log = new LogHistory();
    log.wholeRun('r1');
    await write(log);
    expect(await seqs('r1')).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(await prune(always)).toBe(4);
    expect(await seqs('r1')).toEqual(['-4', '5', '6', '7']);
    const [marker] = await timeline('r1');
    expect(JSON.parse(marker?.payload ?? '')).toMatchObject({ compacted_through_seq: 4, compacted_event_count: 4, compacted_event_ids: [{ seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 4 }], phase_history: [{ to_phase: 'queued' }, { to_phase: 'running_phase' }] });
    // The step into the phase that the run was in then is still known.
    expect(JSON.parse(marker?.phase_transition ?? '')).toMatchObject({ to_phase: 'running_phase' });
  });

  it('takes only what is old enough', async () => {
    const log = longRun(20);
    await write(log);
    const [row] = await server.database.query<{ at: number }>({ text: 'select occurred_at_ms as at from countersign.run_events where seq = 8' });
    expect(await prune(row?.at ?? 0)).toBe(7);
    expect((await seqs('long')).slice(0, 2)).toEqual(['-7', '8']);
  });

  it('does nothing when it is repeated, and accumulates when more gets old', async () => {
    await write(longRun(30));
    const [row] = await server.database.query<{ at: number }>({ text: 'select occurred_at_ms as at from countersign.run_events where seq = 11' });
    expect([await prune(row?.at ?? 0), await prune(row?.at ?? 0)]).toEqual([10, 0]);
    expect([await prune(always), await prune(always)]).toEqual([17, 0]);
    expect(await seqs('long')).toEqual(['-27', '28', '29', '30']);
    const [marker] = await timeline('long');
    expect(JSON.parse(marker?.payload ?? '').compacted_event_ids.map(({ seq }: { seq: number }) => seq)).toEqual(Array.from({ length: 27 }, (_none, index) => index + 1));
  });

  it('takes a history of thousands of events in several steps, and keeps the newest N', async () => {
    await write(longRun(5000));
    expect(await prune(always, 1)).toBe(4999);
    expect(await seqs('long')).toEqual(['-4999', '5000']);
  });

  it('Compaction keeps the next sequence: what is projected afterwards goes on behind the newest', async () => {
    const log = longRun(10);
    await write(log);
    await prune(always);
    log.completed('long');
    const store = new PostgresProjectionStore(server.database);
    const { projected } = await store.progress();
    const memory = new ProjectionMemory({ maxRuns: 10, maxBytes: 1e9 });
    const added = log.entries.slice(-1);
    memory.remember(memory.missing(added), await store.load(memory.missing(added)));
    await store.write(projectBatch(added, { memory, digest: sha256, now: 5 }), { after: projected, published: noPosition });
    expect(await seqs('long')).toEqual(['-7', '8', '9', '10', '11']);
  });

  it('Compaction keeps tenants apart: runs of the same id are compacted each by its own', async () => {
    const ours = longRun(6);
    const theirs = longRun(9, new LogHistory({ org_id: 'other', workspace_id: 'ops' }));
    await write(ours, theirs);
    expect(await prune(always)).toBe(9);
    expect((await timeline('long')).map(({ org_id, seq }) => `${org_id}-${seq}`)).toEqual(['acme-3', 'acme-4', 'acme-5', 'acme-6', 'other-6', 'other-7', 'other-8', 'other-9']);
  });

  it('finds every run, also more than one step looks at', async () => {
    const log = new LogHistory();
    for (let index = 0; index < 450; index += 1) log.wholeRun(`r${index}`);
    await write(log);
    expect(await prune(always)).toBe(450 * 4);
    expect(await prune(always)).toBe(0);
  });

  it('never touches the archive or the audit', async () => {
    const log = new LogHistory();
    log.wholeRun('r1');
    await write(log);
    const count = async (): Promise<unknown> => server.database.query({ text: 'select (select count(*) from countersign.archive) as archive, (select count(*) from countersign.audit_records) as audit' });
    const before = await count();
    await prune(always);
    expect(await count()).toEqual(before);
  });

  it('reads an index for each step', async () => {
    await write(longRun(10));
    // A table of one page is read whole unless that is forbidden.
    const database = new Database({ url: `${server.url}?options=-c%20enable_seqscan%3Doff`, name: 'plans' });
    const plan = await database.query<Record<string, string>>({ text: `explain select 1 from countersign.runs where created_at_ms < 5 and (created_at_ms, run_id, org_id, workspace_id) > (1, '', '', '') order by created_at_ms, run_id, org_id, workspace_id limit 5` });
    await database.close();
    expect(JSON.stringify(plan)).toContain('runs_by_creation');
  });
});

describe('one process at a time', () => {
  it('does the work, another one leaves it', async () => {
    const done = await holdAlone(server.database, 99, async () => holdAlone(server.connect(), 99, () => Promise.resolve('second')));
    expect(done).toBeUndefined();
    expect(await holdAlone(server.database, 99, () => Promise.resolve('first'))).toBe('first');
  });
});
