import { toPosition, type Position } from '@cs/kernel';
import type { ProjectionStore, RowPair } from '@cs/read-models';
import type { Client } from 'pg';
import { schema as liveSchema, type Database } from './database.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { projectionTables } from './projection-tables.js';
import { compactLike } from './event-compaction.js';
import { leaveOutEnded } from './ended-rows.js';
import { sqlStateOf } from './sql-state.js';
import { differentRows } from './generation-drift.js';
import { copyStatements, describeTables } from './table-copies.js';
import { tableKeys } from './table-keys.js';

/** Another process builds a generation; there is one at a time. */
export class RebuildUnderWayError extends Error {
  override readonly name = 'RebuildUnderWayError';
}

/** The tables that everybody reads are always in use by someone: nothing was switched, and what was built is kept. */
export class TablesInUseError extends Error {
  override readonly name = 'TablesInUseError';
}

/** What a generation is filled from. From the archive, the archive itself stays; from the log, it is made anew too. */
export type GenerationSource = 'archive' | 'log';

/** Key of the advisory lock that whoever builds a generation holds. */
const rebuildLock = 7_042_003;
/** Where the next generation stands until it takes the place of the live one. */
export const nextSchema = 'countersign_next';

const projected: readonly string[] = ['projection_position', ...Object.values(projectionTables).map(({ name }) => name)];
/** Tables that change places at the switch. */
const switched = (source: GenerationSource): readonly string[] => (source === 'log' ? projected : projected.filter((table) => table !== 'archive'));

/**
 * How long one try waits for those who use the tables. Whoever comes later waits behind it, so the first
 * tries are short. All are shorter than the second after which the server looks for deadlocks and ends
 * one of those involved, except each tenth: after that second the server also ends an automatic vacuum.
 */
const patienceMs = (attempt: number): number => (attempt % 10 === 9 ? 1500 : Math.min(50 * 2 ** attempt, 800));
const pauseMs = 100;
const maxAttempts = 300;
/** Query cancelled, lock not available, deadlock. */
const inUseStates = ['57014', '55P03', '40P01'];

interface CompareOptions {
  readonly catchUp: (live: Position) => Promise<boolean>;
  readonly onCompared: () => void;
}

interface LivePosition {
  readonly projected: number;
  readonly published: number;
  readonly generation: number;
}

/** When a commit was set aside is not in the log. */
const keepSetAsideTimes = `update ${nextSchema}.dead_letters n set opened_at_ms = l.opened_at_ms, updated_at_ms = l.updated_at_ms from ${liveSchema}.dead_letters l
    where n.consumer = 'projector' and (n.org_id, n.workspace_id, n.dead_letter_id) = (l.org_id, l.workspace_id, l.dead_letter_id)`;

/** What the retention has taken out of the live generation, and nothing else, is not in this one either. */
const takeOutOld: readonly string[] = [...leaveOutEnded(nextSchema), ...compactLike(nextSchema)];

const switchStatements = (source: GenerationSource, { published, generation }: LivePosition): readonly string[] => [
  // The archive stays where the generation was filled from it; what it says of commits that were set aside may have changed.
  ...(source === 'archive' ? [`update ${liveSchema}.archive a set problem = n.problem from ${nextSchema}.archive n where a.position = n.position`] : []),
  keepSetAsideTimes,
  ...takeOutOld,
  `update ${nextSchema}.projection_position set generation = ${generation + 1}, published = greatest(published, ${published})`,
  ...switched(source).flatMap((table) => [`drop table ${liveSchema}.${table}`, `alter table ${nextSchema}.${table} set schema ${liveSchema}`]),
  `drop schema ${nextSchema} cascade`,
];

/**
 * A generation of the projections that is built beside the live one, in a schema of its own, and takes
 * its place in one transaction. Holds a session of its own, which is the sign that a rebuild is under way.
 */
export class NextGeneration {
  readonly #database: Database;
  readonly #client: Client;

  private constructor(database: Database, client: Client) {
    this.#database = database;
    this.#client = client;
  }

  /** Throws `RebuildUnderWayError` when another process builds one. */
  static async hold(database: Database): Promise<NextGeneration> {
    const client = database.createClient();
    // The next statement says what happened to the connection.
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [rebuildLock]);
    if (rows[0]?.held === true) return new NextGeneration(database, client);
    await client.end();
    throw new RebuildUnderWayError('another process rebuilds the projections of this database; wait until it ends, or stop it');
  }

  async release(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }

  /** Writes the generation. */
  store(): ProjectionStore {
    return new PostgresProjectionStore(this.#database, { schema: nextSchema });
  }

  /**
   * Makes the empty tables, or finds those of a rebuild that was interrupted. One that was filled from
   * something else, or for other tables than there are now, is begun anew; so is every one with `anew`.
   */
  async begin({ source, anew }: { readonly source: GenerationSource; readonly anew: boolean }): Promise<'begun' | 'continued'> {
    const tables = await describeTables(this.#database, liveSchema, projected);
    if (!anew && (await this.#isContinued(source, tables))) return 'continued';
    const copies = await copyStatements(this.#database, { from: liveSchema, to: nextSchema, tables: projected });
    await this.#inTransaction(async () => {
      await this.#client.query(`drop schema if exists ${nextSchema} cascade`);
      await this.#client.query(`create schema ${nextSchema}`);
      for (const statement of copies) await this.#client.query(statement);
      await this.#client.query(`insert into ${nextSchema}.projection_position (name, projected, published) values ('main', 0, 0)`);
      await this.#client.query(`create table ${nextSchema}.rebuild as select $1::text as source, $2::text as tables`, [source, tables]);
    });
    return 'begun';
  }

  /** Leaves no trace of it. */
  async discard(): Promise<void> {
    await this.#client.query(`drop schema if exists ${nextSchema} cascade`);
  }

  /**
   * Pairs of rows that the live generation and this one do not have alike, at one position of both. The
   * projector waits while `catchUp` brings this one there, and goes on while they are compared. When
   * `catchUp` answers false, nothing was compared; `onCompared` says that everything was.
   */
  async *differences(source: GenerationSource, { catchUp, onCompared }: CompareOptions): AsyncGenerator<RowPair> {
    const reader = this.#database.createClient();
    reader.on('error', () => undefined);
    await reader.connect();
    try {
      if (!(await this.#openSnapshot(reader, catchUp))) return;
      const tables = switched(source).filter((table) => table !== 'projection_position');
      const keys = await tableKeys(this.#database, liveSchema, tables);
      for (const table of tables) yield* differentRows(reader, { projected: liveSchema, replayed: nextSchema, table, key: keys.get(table) ?? [] });
      onCompared();
    } finally {
      await reader.end();
    }
  }

  /** Takes out what the retention has taken out of the live one; what is little since then follows at the switch. Then lets the planner know what the tables hold, before anyone reads them. */
  async finish(): Promise<void> {
    for (const statement of takeOutOld) await this.#client.query(statement);
    for (const table of projected) await this.#client.query(`analyze ${nextSchema}.${table}`);
  }

  /**
   * Puts the generation in the place of the live one, in one transaction. While everyone waits, `catchUp`
   * brings it to the position of the live one; answers false when that would take too long, and the
   * switch is given up. Throws `TablesInUseError` when nobody lets go of the tables.
   */
  async switchOver(source: GenerationSource, catchUp: (live: Position) => Promise<boolean>, { attempts = maxAttempts }: { readonly attempts?: number } = {}): Promise<boolean> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const outcome = await this.#trySwitch({ source, patience: patienceMs(attempt) }, catchUp);
      if (outcome !== 'in use') return outcome === 'switched';
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    throw new TablesInUseError('the tables of the projections are always in use: look for long statements in pg_stat_activity; the new generation is kept, run the rebuild again');
  }

  async #trySwitch({ source, patience }: { readonly source: GenerationSource; readonly patience: number }, catchUp: (live: Position) => Promise<boolean>): Promise<'switched' | 'behind' | 'in use'> {
    try {
      return await this.#inTransaction(async () => {
        await this.#client.query(`set local idle_in_transaction_session_timeout = '10s'`);
        await this.#client.query(`set local statement_timeout = ${patience}`);
        // The position first: then the projector has begun nothing else when it waits.
        await this.#client.query(`lock table ${switched(source).map((table) => `${liveSchema}.${table}`).join(', ')} in access exclusive mode`);
        const live = await this.#livePosition();
        if (!(await catchUp(toPosition(live.projected)))) return 'behind';
        await this.#client.query(`set local statement_timeout = '30s'`);
        for (const statement of switchStatements(source, live)) await this.#client.query(statement);
        return 'switched';
      });
    } catch (error) {
      if (inUseStates.includes(sqlStateOf(error) ?? '')) return 'in use';
      throw error;
    }
  }

  /** A transaction of the reader that sees both generations at one position. The lock keeps the projector from writing, and nobody from reading. */
  async #openSnapshot(reader: Client, catchUp: CompareOptions['catchUp']): Promise<boolean> {
    return this.#inTransaction(async () => {
      await this.#client.query(`set local idle_in_transaction_session_timeout = '10s'`);
      await this.#client.query(`lock table ${liveSchema}.projection_position in share mode`);
      if (!(await catchUp(toPosition((await this.#livePosition()).projected)))) return false;
      await reader.query(keepSetAsideTimes);
      for (const statement of takeOutOld) await reader.query(statement);
      await reader.query('begin transaction isolation level repeatable read');
      await reader.query('select 1');
      return true;
    });
  }

  async #livePosition(): Promise<LivePosition> {
    const { rows: [row] } = await this.#client.query<Record<keyof LivePosition, string>>(`select projected, published, generation from ${liveSchema}.projection_position where name = 'main'`);
    if (row === undefined) throw new Error('The projection has no position: the database is not set up');
    return { projected: Number(row.projected), published: Number(row.published), generation: Number(row.generation) };
  }

  async #isContinued(source: GenerationSource, tables: string): Promise<boolean> {
    const { rows: [found] } = await this.#client.query<{ there: boolean }>(`select to_regclass('${nextSchema}.rebuild') is not null as there`);
    if (found?.there !== true) return false;
    const { rows: [row] } = await this.#client.query<{ source: string; tables: string }>(`select source, tables from ${nextSchema}.rebuild`);
    return row?.source === source && row.tables === tables;
  }

  /** Commits what the work did, unless it throws or answers that it is behind. */
  async #inTransaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#client.query('begin');
    try {
      const result = await work();
      await this.#client.query(result === 'behind' ? 'rollback' : 'commit');
      return result;
    } catch (error) {
      await this.#client.query('rollback').catch(() => undefined);
      throw error;
    }
  }
}
