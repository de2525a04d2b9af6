import pg, { type Pool, type PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { migrations } from './migrations/migrations.js';
import { sqlStateOf } from './sql-state.js';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Shows in `pg_stat_activity`. */
  readonly name: string;
  /** Connections at most. Default 10. */
  readonly poolSize?: number;
  /** Longest statement in ms. Default 30,000. */
  readonly statementTimeoutMs?: number;
  /** Settings of the server for these connections, by name. Default none. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Statement {
  /** A named statement is parsed and planned once per connection. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Connections that execute, that are free, and statements that wait for one. */
export interface PoolUse {
  readonly used: number;
  readonly idle: number;
  readonly waiting: number;
}

const int8 = 20;
/** Sequences and times are below 2^53, so `bigint` columns are read as numbers. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => (oid === int8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format)),
};

const createDataSource = ({ url, name, poolSize = 10, statementTimeoutMs = 30_000, settings = {} }: DatabaseOptions): DataSource =>
  new DataSource({
    type: 'postgres', driver: pg, url, schema, applicationName: name, poolSize, migrations, migrationsTableName: 'migrations', logging: false,
    // An idle connection that breaks is replaced when it is next asked for; statements report what they meet themselves.
    poolErrorHandler: () => undefined,
    extra: {
      connectionTimeoutMillis: 5000, keepAlive: true, statement_timeout: statementTimeoutMs,
      // Planning for the values at hand costs more than our statements, whose plans do not depend on them.
      options: Object.entries({ plan_cache_mode: 'force_generic_plan', ...settings }).map(([setting, value]) => `-c ${setting}=${value}`).join(' '),
      // The server answers first; this is for a server that does not answer at all.
      query_timeout: statementTimeoutMs + 5000,
    },
  });

const poolOf = ({ driver }: DataSource): Pool => (driver as PostgresDriver).master as Pool;

/**
 * A connection that is in use can break between two statements. Nobody listens to it then, and an
 * `error` without a listener ends the process; the next statement on it reports the same. Listened to
 * when it is taken, because the first connection is made before anyone sees the pool.
 */
const tolerateBrokenClients = (source: DataSource): DataSource => {
  const tolerated = new WeakSet<PoolClient>();
  poolOf(source).on('acquire', (client) => {
    if (tolerated.has(client)) return;
    tolerated.add(client);
    client.on('error', () => undefined);
  });
  return source;
};

/** The schema of everything we store. */
export const schema = 'countersign';

/**
 * The database as all adapters use it. Connects when first asked and again after every failure, so a
 * service can start before its database. Errors are the driver's own (see sql-state.ts).
 */
export class Database {
  #source: Promise<DataSource> | undefined;
  #pool: Pool | undefined;

  constructor(private readonly options: DatabaseOptions) {}

  /** Its own connection to the same server, for what outlives a statement; the caller ends it. */
  createClient(): pg.Client {
    return new pg.Client({
      connectionString: this.options.url, application_name: `${this.options.name}-session`, connectionTimeoutMillis: 5000, keepAlive: true,
      // The server gives up a session whose client vanished without a word within half a minute.
      options: '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
    });
  }

  dataSource(): Promise<DataSource> {
    this.#source ??= createDataSource(this.options).initialize().then((source) => this.#opened(source)).catch((error: unknown) => {
      this.#source = undefined;
      throw error;
    });
    return this.#source;
  }

  async query<Row>({ name, text, values = [] }: Statement): Promise<readonly Row[]> {
    const client = await this.#connect();
    try {
      const result = await client.query<Row & pg.QueryResultRow>({ text, values: [...values], types, ...(name === undefined ? {} : { name }) });
      client.release();
      return result.rows;
    } catch (error) {
      // Without an answer of the server, nobody knows what the connection is still busy with.
      client.release(sqlStateOf(error) === undefined);
      throw error;
    }
  }

  /** Connections of this process now; none before it first connected. */
  connections(): PoolUse {
    const { totalCount = 0, idleCount = 0, waitingCount = 0 } = this.#pool ?? {};
    return { used: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  }

  async close(): Promise<void> {
    const source = await this.#source?.catch(() => undefined);
    this.#source = undefined;
    this.#pool = undefined;
    await source?.destroy();
  }

  #opened(source: DataSource): DataSource {
    this.#pool = poolOf(source);
    return tolerateBrokenClients(source);
  }

  async #connect(): Promise<PoolClient> {
    return poolOf(await this.dataSource()).connect();
  }
}
