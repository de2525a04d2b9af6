import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noAuditKeys, type LogEntry, type LogReader } from '@cs/eventing';
import { noPosition } from '@cs/kernel';
import { Database, migrate, PostgresProjectionStore } from '@cs/postgres';
import { ProjectionMemory, projectBatch, type ProjectionStore } from '@cs/read-models';
import { sha256, startTestPostgres, type TestPostgres } from '@cs/testing';
import fc from 'fast-check';
import { goldenCount } from './golden-steps.fixture.js';
import { ProjectionSession } from './projection-session.js';
import { logOf, moveNames } from './random-log.fixture.js';
import { RefusedCommits } from './refused-commits.js';

/** Random histories; `npm run projection-property` takes many. */
const histories = Number(process.env['PROJECTION_HISTORIES'] ?? 12);
const seed = Number(process.env['PROJECTION_SEED'] ?? 20261127);

let postgres: TestPostgres;
let database: Database;

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = new Database({ url: postgres.url, name: 'test', poolSize: 4 });
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.stop();
});

/** The log from a position on, in batches of random sizes, as after each restart. */
const readerOf = (entries: readonly LogEntry[], sizes: () => number): LogReader => ({
  async *batches(after, { signal }) {
    for (let from: number = after; from < entries.length && !signal.aborted; ) {
      const size = sizes();
      yield await Promise.resolve(entries.slice(from, from + size));
      from += size;
    }
  },
});

class Killed extends Error {}

/** Dies at a write: before it, or after it without hearing the answer. */
const dyingStore = (store: ProjectionStore, death: { readonly write: number; readonly isAfter: boolean }): ProjectionStore => {
  let writes = 0;
  return {
    progress: () => store.progress(), load: (missing) => store.load(missing), archived: (from, limit) => store.archived(from, limit), markPublished: (published) => store.markPublished(published),
    write: async (changes, options) => {
      writes += 1;
      if (writes === death.write && !death.isAfter) throw new Killed();
      await store.write(changes, options);
      if (writes === death.write) throw new Killed();
    },
  };
};

const tablesText = `select relname as name from pg_class where relnamespace = 'countersign'::regnamespace and relkind = 'r' and relname not in ('migrations', 'projection_position', 'retention') order by 1`;

const contents = async (): Promise<Readonly<Record<string, readonly string[]>>> => {
  const tables = await database.query<{ name: string }>({ text: tablesText });
  const rows = await Promise.all(tables.map(async ({ name }) => [name, (await database.query<{ row: string }>({ text: `select t::text as row from countersign.${name} as t order by t::text` })).map(({ row }) => row)] as const));
  return Object.fromEntries(rows);
};

const empty = async (): Promise<void> => {
  const tables = await database.query<{ name: string }>({ text: tablesText });
  await database.query({ text: `truncate ${tables.map(({ name }) => `countersign.${name}`).join(', ')}; update countersign.projection_position set projected = 0, published = 0` });
};

/** Everything in one fold. */
const foldFromZero = async (entries: readonly LogEntry[]): Promise<void> => {
  const store = new PostgresProjectionStore(database);
  await store.progress();
  await store.write(projectBatch(entries, { memory: new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 }), digest: sha256, now: 7 }), { after: noPosition, published: noPosition });
};

interface Life {
  readonly write: number;
  readonly isAfter: boolean;
  readonly sizes: readonly number[];
  readonly remembered: number;
}

/** One process: projects until it dies or is through. What it held in memory is gone with it. */
const live = async (entries: readonly LogEntry[], { write, isAfter, sizes, remembered }: Life): Promise<void> => {
  let turn = 0;
  const store = dyingStore(new PostgresProjectionStore(database), { write, isAfter });
  const session = new ProjectionSession({
    reader: readerOf(entries, () => sizes[(turn += 1) % sizes.length] ?? 1), store, relay: { published: noPosition, offer: () => Promise.resolve() }, digest: sha256, auditKeys: noAuditKeys, clock: () => 7,
    limits: { maxCommits: 1000, maxBytes: 4000, maxRuns: remembered }, refused: new RefusedCommits(), onWritten: () => undefined,
  });
  const { projected } = await store.progress();
  await session.run(projected, new AbortController().signal).catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
};

const largestBatch = 7;
/** A projector remembers at least these: one batch is being written while the next is projected. The others it forgets and reads again. */
const runsOfTwoBatches = 2 * largestBatch;

const step = fc.record({ run: fc.nat(19), move: fc.constantFrom(...moveNames), golden: fc.nat(goldenCount - 1), repeated: fc.boolean() });
const life = fc.record({ write: fc.integer({ min: 1, max: 4 }), isAfter: fc.boolean(), sizes: fc.array(fc.integer({ min: 1, max: largestBatch }), { minLength: 1, maxLength: 4 }), remembered: fc.integer({ min: runsOfTwoBatches, max: runsOfTwoBatches + 3 }) });

/** A gate of a run that has failed is decided: the row of its opening is in the database when the projector died before, and in the batch when not. */
const decidedAfterTheEnd = ['claim', 'gate', 'fail', 'rework', 'claim'].map((move) => ({ run: 4, move, golden: 0, repeated: false }));

/** Every event that there is, of two runs in turn: each kind of row is written, read back and written again. */
const everyEvent = Array.from({ length: 2 * goldenCount }, (_none, number) => ['golden', 'other'].map((move) => ({ run: number % 2, move, golden: Math.floor(number / 2), repeated: false }))).flat();
const oftenKilled = Array.from({ length: 60 }, (_none, number): Life => ({ write: 2 + (number % 3), isAfter: number % 2 === 0, sizes: [1, 5, 2], remembered: runsOfTwoBatches }));

/** Rows that projecting leaves, with all those deaths, and those of one fold. */
const bothWays = async (entries: readonly LogEntry[], lives: readonly Life[]) => {
  await empty();
  for (const one of lives) await live(entries, one);
  await live(entries, { write: 0, isAfter: false, sizes: [3], remembered: runsOfTwoBatches });
  const projected = await contents();
  await empty();
  await foldFromZero(entries);
  return { projected, folded: await contents() };
};

describe('projecting random histories', () => {
  it('gives rows that equal a fold from zero, byte for byte, with duplicates, any order among aggregates, and kills at random points', async () => {
    await migrate(database);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 100 }), fc.array(life, { minLength: 1, maxLength: 12 }), async (steps, lives) => {
        const entries = await logOf(steps);
        const { projected, folded } = await bothWays(entries, lives);
        expect(projected).toEqual(folded);
        expect(projected['archive']).toHaveLength(entries.length);
      }),
      { numRuns: histories, seed, examples: [[decidedAfterTheEnd, [{ write: 1, isAfter: false, sizes: [1], remembered: runsOfTwoBatches }]]] },
    );
  }, 600_000);

  it('gives such rows of every type of event that there is, in every table', async () => {
    await migrate(database);
    const entries = await logOf([...everyEvent, ...['list', 'list', 'list', 'list', 'list'].map((move) => ({ run: 0, move, golden: 0, repeated: false }))]);
    const { projected, folded } = await bothWays(entries, oftenKilled);
    expect(projected).toEqual(folded);
    expect(Object.entries(folded).filter(([, rows]) => rows.length === 0).map(([table]) => table)).toEqual(['audit_keys']);
  }, 300_000);
});
