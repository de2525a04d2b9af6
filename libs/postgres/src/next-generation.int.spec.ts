import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LogEntry } from '@cs/eventing';
import { noPosition, toPosition } from '@cs/kernel';
import { ProjectionFencedError, ProjectionMemory, projectBatch, type ProjectionStore } from '@cs/read-models';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { nextSchema, NextGeneration, RebuildUnderWayError, TablesInUseError } from './next-generation.adapter.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { projectionTables } from './projection-tables.js';
import { describeTables, TablesNotCopiedError } from './table-copies.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const tables = ['projection_position', ...Object.values(projectionTables).map(({ name }) => name)];

/** Tables that are no fold of the log: they stay where they are. */
const noProjections = ['migrations', 'retention'];

let server: TestDatabase;
let live: PostgresProjectionStore;
const held: NextGeneration[] = [];

beforeAll(async () => {
  server = await startTestDatabase();
}, 60_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await Promise.all(held.splice(0).map((generation) => generation.release()));
  await server.database.query({ text: `drop schema if exists countersign cascade; drop schema if exists ${nextSchema} cascade` });
  await migrate(server.database);
  live = new PostgresProjectionStore(server.database);
});

const hold = async (): Promise<NextGeneration> => {
  const generation = await NextGeneration.hold(server.database);
  held.push(generation);
  return generation;
};

/** Projects entries that follow what the store holds. */
const project = async (store: ProjectionStore, entries: readonly LogEntry[]): Promise<void> => {
  const { projected } = await store.progress();
  const rest = entries.filter(({ position }) => position > projected);
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e8 });
  const missing = memory.missing(rest);
  memory.remember(missing, await store.load(missing));
  if (rest.length > 0) await store.write(projectBatch(rest, { memory, digest: sha256, now: 5 }), { after: projected, published: noPosition });
};

const rowsOf = async (schema: string): Promise<Readonly<Record<string, readonly string[]>>> => {
  const contents = await Promise.all(tables.filter((table) => table !== 'projection_position').map(async (table) => [table, await server.database.query<{ row: string }>({ text: `select t::text as row from ${schema}.${table} as t order by t::text` })] as const));
  return Object.fromEntries(contents.map(([table, rows]) => [table, rows.map(({ row }) => row)]));
};

const someLog = (): LogHistory => {
  const log = new LogHistory();
  log.automation('refund');
  log.wholeRun('r1');
  log.created('r2');
  log.startedNode('r2');
  log.gateOpened('r2');
  log.unreadable('r3', 'not json\0at all', 'not JSON');
  return log;
};

describe('the next generation', () => {
  it('has every table of the projections, with the same columns, checks, indexes, storage and rights', async () => {
    await server.database.query({ text: 'create role reporting' });
    await server.database.query({ text: 'grant usage on schema countersign to reporting; grant select on countersign.runs to reporting' });
    const generation = await hold();
    expect(await generation.begin({ source: 'log', anew: false })).toBe('begun');
    const described = await describeTables(server.database, 'countersign', tables);
    expect(await describeTables(server.database, nextSchema, tables)).toBe(described);
    expect(described).toContain('runs_by_status');
    expect(described).toContain('fillfactor=80');
    expect(await server.database.query({ text: `select has_table_privilege('reporting', '${nextSchema}.runs', 'select') as may` })).toEqual([{ may: true }]);
    expect(await generation.switchOver('log', () => Promise.resolve(true))).toBe(true);
    expect(await describeTables(server.database, 'countersign', tables)).toBe(described);
    expect(await server.database.query({ text: `select to_regnamespace('${nextSchema}') as schema` })).toEqual([{ schema: null }]);
  });

  it('covers every table of the schema that migrations make, so that no projection stays behind', async () => {
    const all = await server.database.query<{ name: string }>({ text: `select relname as name from pg_class where relnamespace = 'countersign'::regnamespace and relkind = 'r' order by 1` });
    expect(all.map(({ name }) => name)).toEqual([...tables, ...noProjections].sort());
  });

  it('takes the place of the live one with the same rows, and with what was damaged repaired', async () => {
    const log = someLog();
    await project(live, log.entries);
    const before = await rowsOf('countersign');
    await server.database.query({ text: `update countersign.runs set status = 'failed'; delete from countersign.gates; update countersign.audit_records set record_hash = 'x'` });
    const generation = await hold();
    await generation.begin({ source: 'log', anew: false });
    await project(generation.store(), log.entries);
    await generation.finish();
    expect(await generation.switchOver('log', () => Promise.resolve(true))).toBe(true);
    expect(await rowsOf('countersign')).toEqual(before);
  });

  it('keeps the archive where it is filled from it, but for what it says of commits that were set aside', async () => {
    const log = someLog();
    await project(live, log.entries);
    const before = await rowsOf('countersign');
    const generation = await hold();
    await generation.begin({ source: 'archive', anew: false });
    const filled = generation.store();
    const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e8 });
    const changes = projectBatch(log.entries, { memory, digest: sha256, now: 77 });
    await filled.write({ ...changes, archive: changes.archive.slice(0, 1).map((row) => ({ ...row, problem: 'was found' })) }, { after: noPosition, published: noPosition });
    await generation.switchOver('archive', () => Promise.resolve(true));
    const after = await rowsOf('countersign');
    expect(after).toEqual({ ...before, archive: after['archive'] });
    const problems = await server.database.query<object>({ text: 'select position, problem from countersign.archive where problem is not null order by position' });
    expect(problems).toEqual([{ position: 1, problem: 'was found' }, { position: log.position, problem: 'not JSON' }]);
  });

  it('refuses a writer that knows the generation before, so that nothing it remembers gets into the new one', async () => {
    const log = someLog();
    await project(live, log.entries);
    const generation = await hold();
    await generation.begin({ source: 'log', anew: false });
    await project(generation.store(), log.entries);
    await generation.switchOver('log', () => Promise.resolve(true));
    const after = toPosition(log.position);
    log.approved('r2');
    const changes = projectBatch(log.entries.slice(after), { memory: new ProjectionMemory({ maxRuns: 10, maxBytes: 1e6 }), digest: sha256, now: 5 });
    await expect(live.write(changes, { after, published: noPosition })).rejects.toThrow(ProjectionFencedError);
    await project(live, log.entries);
    expect((await live.progress()).projected).toBe(log.position);
  });

  it('is built by one process at a time', async () => {
    const first = await hold();
    await expect(NextGeneration.hold(server.connect())).rejects.toThrow(RebuildUnderWayError);
    await first.release();
    await expect(hold()).resolves.toBeDefined();
  });

  it('continues what an interrupted process has built, unless the source or the tables are others', async () => {
    const log = someLog();
    await project(live, log.entries);
    const interrupted = await hold();
    await interrupted.begin({ source: 'log', anew: false });
    await project(interrupted.store(), log.entries.slice(0, 4));
    await interrupted.release();
    const again = await hold();
    expect(await again.begin({ source: 'log', anew: false })).toBe('continued');
    expect((await again.store().progress()).projected).toBe(4);
    expect(await again.begin({ source: 'archive', anew: false })).toBe('begun');
    expect((await again.store().progress()).projected).toBe(0);
    await server.database.query({ text: 'alter table countersign.runs add column added_meanwhile text' });
    expect(await again.begin({ source: 'archive', anew: false })).toBe('begun');
  });

  it('leaves no trace when it is discarded', async () => {
    const generation = await hold();
    await generation.begin({ source: 'log', anew: false });
    await generation.discard();
    expect(await server.database.query({ text: `select to_regnamespace('${nextSchema}') as schema` })).toEqual([{ schema: null }]);
  });

  it('refuses tables with something that would stay with the old ones', async () => {
    await server.database.query({ text: 'create view countersign.open_runs as select run_id from countersign.runs' });
    const generation = await hold();
    await expect(generation.begin({ source: 'log', anew: false })).rejects.toThrow(TablesNotCopiedError);
    await expect(generation.begin({ source: 'log', anew: false })).rejects.toThrow(/view (countersign\.)?open_runs on runs/);
  });

  it('gives up the switch while it is behind, and everyone goes on', async () => {
    const log = someLog();
    await project(live, log.entries);
    const generation = await hold();
    await generation.begin({ source: 'log', anew: false });
    expect(await generation.switchOver('log', (position) => Promise.resolve(position !== log.position))).toBe(false);
    expect(await server.database.query({ text: 'select count(*) as runs from countersign.runs' })).toEqual([{ runs: 2 }]);
  });

  it('shows readers the old rows or the new ones, never none and never both, while writers go on', async () => {
    const log = new LogHistory();
    log.automation('refund');
    for (let run = 0; run < 20; run += 1) log.wholeRun(`r${run}`);
    await project(live, log.entries);
    const readers = Array.from({ length: 4 }, () => server.connect());
    let over = false;
    const seen = new Set<string>();
    let reads = 0;
    const read = async (database: TestDatabase['database']): Promise<void> => {
      while (!over) {
        const [row] = await database.query<{ generation: number; runs: number; events: number; of_generation: number }>({
          name: 'runs_and_events',
          text: `select (select generation from countersign.projection_position) as generation, (select count(*) from countersign.runs) as runs,
            (select count(*) from countersign.run_events) as events, (select max(finished_at_ms) from countersign.runs) as of_generation`,
        });
        seen.add(`${row?.generation} ${row?.runs} ${row?.events} ${row?.of_generation}`);
        reads += 1;
      }
    };
    const reading = readers.map(read);
    const generations = 5;
    for (let round = 1; round <= generations; round += 1) {
      const generation = await NextGeneration.hold(server.database);
      await generation.begin({ source: 'log', anew: false });
      await project(generation.store(), log.entries);
      // What tells this generation from the others, so that a mix of two would show.
      await server.database.query({ text: `update ${nextSchema}.runs set finished_at_ms = ${round}` });
      expect(await generation.switchOver('log', () => Promise.resolve(true))).toBe(true);
      await generation.release();
      const before = reads;
      while (reads < before + 20) await server.database.query({ text: 'select 1' });
    }
    over = true;
    await Promise.all(reading);
    const [first, ...others] = [...seen].sort((a, b) => Number(a.split(' ')[0]) - Number(b.split(' ')[0]));
    expect(first).toMatch(/^0 20 /);
    expect(others.map((line) => line.split(' '))).toEqual(Array.from({ length: generations }, (_, index) => [String(index + 1), '20', first?.split(' ')[2], String(index + 1)]));
  });

  it('says so when nobody lets go of the tables, and keeps what it has built', async () => {
    const generation = await hold();
    await generation.begin({ source: 'log', anew: false });
    const busy = server.database.createClient();
    await busy.connect();
    await busy.query('begin');
    await busy.query('select count(*) from countersign.runs');
    await expect(generation.switchOver('log', () => Promise.resolve(true), { attempts: 3 })).rejects.toThrow(TablesInUseError);
    await busy.query('rollback');
    expect(await generation.switchOver('log', () => Promise.resolve(true))).toBe(true);
    await busy.end();
  });
});
