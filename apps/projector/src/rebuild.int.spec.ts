import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Database, nextSchema, retentionRules } from '@cs/postgres';
import { noAuditKeys } from '@cs/eventing';
import { sha256, testAuditKeys } from '@cs/testing';
import { ProjectionWorld } from './projection-world.fixture.js';
import { differenceLine } from './rebuild-command.js';
import { RebuildInterruptedError, rebuildLimits, runDriftCheck, runRebuild, type RunRebuildOptions } from './run-rebuild.js';

let world: ProjectionWorld;
let database: Database;

beforeAll(async () => {
  world = await ProjectionWorld.start();
}, 60_000);
afterAll(() => world.stop());
beforeEach(async () => {
  await world.begin();
  database = world.connect();
});
afterEach(() => world.end());

const never = new AbortController().signal;
const rebuild = (options: Partial<RunRebuildOptions> = {}): Promise<number> =>
  runRebuild({ database, natsUrl: world.nats.url, from: 'archive', anew: false, auditKeys: noAuditKeys, signal: never, onBegin: () => undefined, onProgress: () => undefined, onSetAside: () => undefined, ...options });

const trace = (): Promise<readonly { schema: string | null }[]> => database.query({ text: `select to_regnamespace('${nextSchema}')::text as schema` });

type Rows = Readonly<Record<string, readonly string[]>>;
/** Says which rows differ, and not what all the others are. */
const expectSameRows = (rows: Rows, expected: Rows): void => {
  const lines = (tables: Rows): readonly string[] => Object.entries(tables).flatMap(([table, texts]) => texts.map((text) => `${table} ${text}`));
  const [found, wanted] = [new Set(lines(rows)), new Set(lines(expected))];
  expect({ more: [...found].filter((line) => !wanted.has(line)).slice(0, 2), missing: [...wanted].filter((line) => !found.has(line)).slice(0, 2) }).toEqual({ more: [], missing: [] });
};

describe('rebuilding the projections', () => {
  it.each(['archive', 'log'] as const)('gives the same rows from the %s, byte for byte, and repairs what was damaged', async (from) => {
    world.startProjector();
    await world.wholeRun('r1');
    await world.unreadableCommit();
    await world.wholeRun('r2', 'x'.repeat(200_000));
    await world.projectedUpTo(await world.waitingRun('r3'));
    await world.stopProjectors();
    const before = await world.rows();
    await database.query({ text: `update countersign.runs set record = '{}', status = 'failed'; delete from countersign.gates; delete from countersign.dead_letters where consumer <> 'projector'; delete from countersign.waits` });
    if (from === 'log') await database.query({ text: `update countersign.archive set body = 'lost' where position = 2` });
    await rebuild({ from });
    expectSameRows(await world.rows(), before);
    expect(await trace()).toEqual([{ schema: null }]);
  });

  it.each(['archive', 'log'] as const)('signs the audit from the %s as it was signed, by whichever keys, and asks for a key that is not there', async (from) => {
    const keys = testAuditKeys(['k2', 'k1']);
    for (const [signing, run] of [[noAuditKeys, 'r1'], [testAuditKeys(['k1']), 'r2'], [keys, 'r3']] as const) {
      world.startProjector(signing);
      await world.projectedUpTo(await world.wholeRun(run));
      await world.stopProjectors();
    }
    const before = await world.rows();
    expect(new Set((await database.query<{ key_id: string | null }>({ text: 'select key_id from countersign.audit_records' })).map(({ key_id }) => key_id))).toEqual(new Set([null, 'k1', 'k2']));
    await expect(rebuild({ from, auditKeys: testAuditKeys(['k2']) })).rejects.toThrow('the audit key "k1", which signs at this place of the log');
    expect(await trace()).toEqual([{ schema: null }]);
    await rebuild({ from, auditKeys: keys });
    expectSameRows(await world.rows(), before);
  });

  it.each(['archive', 'log'] as const)('brings nothing back from the %s that the retention took out, and loses nothing else', async (from) => {
    world.startProjector();
    await world.wholeRun('r1');
    await world.projectedUpTo(await world.waitingRun('r2'));
    await world.stopProjectors();
    for (const rule of retentionRules(database, { keep: 2, digest: sha256 })) for await (const _rows of rule.prune(Number.MAX_SAFE_INTEGER)) continue;
    const pruned = await world.rows();
    expect(pruned['run_events']?.some((row) => row.includes('event_log_compacted'))).toBe(true);
    const differences: string[] = [];
    expect(await runDriftCheck({ database, natsUrl: world.nats.url, from, auditKeys: noAuditKeys, signal: never, onBegin: () => undefined, onProgress: () => undefined, onSetAside: () => undefined }, (difference) => differences.push(differenceLine(difference)))).toBe(0);
    expect(differences).toEqual([]);
    await database.query({ text: `update countersign.runs set status = 'failed'; delete from countersign.gates` });
    await rebuild({ from });
    expectSameRows(await world.rows(), pruned);
    // What is written afterwards goes on behind it.
    world.startProjector();
    await world.projectedUpTo(await world.wholeRun('r3'));
    expect((await world.rows())['run_events']?.length).toBe((pruned['run_events']?.length ?? 0) + 7);
  });

  it('makes everything from the log in an empty database, the archive too', async () => {
    world.startProjector();
    await world.wholeRun('r1');
    await world.projectedUpTo(await world.waitingRun('r2'));
    await world.stopProjectors();
    const before = await world.rows();
    await database.query({ text: 'drop schema countersign cascade' });
    const position = await rebuild({ from: 'log' });
    expectSameRows(await world.rows(), before);
    expect(await world.projected()).toBe(position);
  });

  it('lets the live projector work on, which goes on with the new generation and publishes each event once', async () => {
    const projector = world.startProjector();
    await world.projectedUpTo(await world.wholeRun('r0'));
    let over = false;
    let last = 0;
    const writing = (async () => {
      for (let run = 1; !over; run += 1) last = await world.wholeRun(`r${run}`);
    })();
    for (const from of ['archive', 'log', 'archive'] as const) await rebuild({ from });
    over = true;
    await writing;
    await world.projectedUpTo(await world.wholeRun('last'));
    expect(last).toBeGreaterThan(0);
    await world.publishedAll();
    const published = await world.published();
    expect(new Set(published).size).toBe(published.length);
    expect(() => projector.check()).not.toThrow();
    await world.stopProjectors();
    const live = await world.rows();
    await database.query({ text: 'drop schema countersign cascade' });
    await rebuild({ from: 'log' });
    expectSameRows(await world.rows(), live);
    expect(published.length).toBe(live['run_events']?.length);
  });

  it('continues where it was when it was stopped, and is used by nobody until then', async () => {
    world.startProjector();
    for (let run = 0; run < 60; run += 1) await world.wholeRun(`r${run}`);
    await world.projectedUpTo(await world.wholeRun('last'));
    await world.stopProjectors();
    const before = await world.rows();
    const stop = new AbortController();
    await expect(rebuild({ limits: { ...rebuildLimits, maxCommits: 50 }, signal: stop.signal, onProgress: () => stop.abort(new Error('stopped')) })).rejects.toThrow(RebuildInterruptedError);
    expectSameRows(await world.rows(), before);
    const [{ projected } = { projected: 0 }] = await database.query<{ projected: number }>({ text: `select projected from ${nextSchema}.projection_position` });
    expect(projected).toBeGreaterThan(0);
    expect(projected).toBeLessThan(await world.projected());
    const begun: string[] = [];
    const positions: number[] = [];
    await rebuild({ onBegin: (how) => begun.push(how), onProgress: ({ position }) => positions.push(position) });
    expect(begun).toEqual(['continued']);
    expect(Math.min(...positions)).toBeGreaterThan(projected);
    expectSameRows(await world.rows(), before);
  });

  it('continues after its connections were cut, and the live generation serves meanwhile', async () => {
    world.startProjector();
    for (let run = 0; run < 60; run += 1) await world.wholeRun(`r${run}`);
    await world.projectedUpTo(await world.wholeRun('last'));
    await world.stopProjectors();
    const before = await world.rows();
    const own = new Database({ url: world.postgres.url, name: 'rebuilder', poolSize: 4 });
    let cut = false;
    await expect(rebuild({
      database: own,
      onProgress: () => {
        if (!cut) void database.query({ text: `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rebuilder%'` });
        cut = true;
      },
    })).rejects.toThrow();
    await own.close();
    expectSameRows(await world.rows(), before);
    await rebuild();
    expectSameRows(await world.rows(), before);
  });

  it('leaves no trace when it fails', async () => {
    world.startProjector();
    await world.projectedUpTo(await world.wholeRun('r1'));
    await world.stopProjectors();
    const before = await world.rows();
    await database.query({ text: 'create view countersign.open_runs as select run_id from countersign.runs' });
    await expect(rebuild()).rejects.toThrow('open_runs');
    await database.query({ text: 'drop view countersign.open_runs' });
    expect(await trace()).toEqual([{ schema: null }]);
    await expect(rebuild({ onProgress: () => { throw new Error('broken'); } })).rejects.toThrow('broken');
    expect(await trace()).toEqual([{ schema: null }]);
    expectSameRows(await world.rows(), before);
  });

  it('refuses to rebuild from a log that the database was not filled from', async () => {
    world.startProjector();
    await world.projectedUpTo(await world.wholeRun('r1'));
    await world.stopProjectors();
    await database.query({ text: `update countersign.archive set body = replace(body, '"commit_id":"', '"commit_id":"0')` });
    await expect(rebuild({ from: 'log' })).rejects.toThrow('do not belong together');
  });

  it('sets the one commit aside that the new tables refuse, as the live projector did', async () => {
    world.startProjector();
    await world.wholeRun('r1');
    // No index takes an id of so many characters that cannot be compressed.
    const id = Array.from({ length: 400 }, (_, index) => sha256(String(index))).join('');
    await world.runThatStarts('r2', { event_type: 'wait_node_registered', data: { wait: { wait_id: id, node_id: 'a', wait_kind: 'timer', wake_at_ms: 5, created_at_ms: 4 } } });
    await world.projectedUpTo(await world.wholeRun('r3'));
    await world.stopProjectors();
    const before = await world.rows();
    expect(before['dead_letters']?.join('\n')).toContain('cannot be projected');
    const setAside: number[] = [];
    await rebuild({ onSetAside: (position) => setAside.push(position) });
    expectSameRows(await world.rows(), before);
    expect(setAside).toHaveLength(1);
  });
});

describe('checking the projections', () => {
  const check = async (options: Partial<RunRebuildOptions> = {}): Promise<readonly string[]> => {
    const lines: string[] = [];
    await runDriftCheck(
      { database, natsUrl: world.nats.url, from: 'log', auditKeys: noAuditKeys, signal: never, onBegin: () => undefined, onProgress: () => undefined, onSetAside: () => undefined, ...options },
      (difference) => void lines.push(differenceLine(difference)),
    );
    return lines;
  };

  it('finds nothing where nothing is wrong, while the projector works on, and leaves no trace', async () => {
    world.startProjector();
    await world.wholeRun('r0');
    await world.unreadableCommit();
    await world.projectedUpTo(await world.waitingRun('waits'));
    let over = false;
    const writing = (async () => {
      for (let run = 1; !over; run += 1) await world.wholeRun(`r${run}`);
    })();
    expect(await check()).toEqual([]);
    expect(await check({ from: 'archive' })).toEqual([]);
    over = true;
    await writing;
    expect(await trace()).toEqual([{ schema: null }]);
  });

  it('names every value that differs, in every table, and repairs nothing', async () => {
    world.startProjector();
    await world.projectedUpTo(await world.wholeRun('r1'));
    await world.stopProjectors();
    await database.query({ text: `update countersign.runs set record = replace(record, '"status":"completed"', '"status":"failed"')` });
    await database.query({ text: 'delete from countersign.gates' });
    await database.query({ text: `update countersign.audit_records set created_at_ms = 7 where seq = 1` });
    await database.query({ text: `update countersign.archive set body = replace(body, 'refund', 'refuse') where position = 1` });
    const damaged = await world.rows();
    const lines = await check();
    expect(lines).toContain('runs acme/ops/r1 /record/status: "failed" instead of "completed"');
    expect(lines).toContain('gates acme/ops/r1-sign-1: is missing');
    expect(lines).toContain('audit_records acme/ops/1 /created_at_ms: 7 instead of 1000000');
    expect(lines.filter((line) => line.startsWith('archive 1 /body'))).not.toEqual([]);
    expectSameRows(await world.rows(), damaged);
    await rebuild({ from: 'log' });
    expect(await check()).toEqual([]);
  });
});
