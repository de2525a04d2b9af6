import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { claim, takeOverLeftover, type LeftoverOptions } from './leftover.js';
import { assertPortFree, withPort } from './ports.js';
import { postgresAccount } from './postgres-account.js';
import { postgresBinaries } from './postgres-binaries.js';
import { clusterUser, ensureCluster, type Cluster } from './postgres-cluster.js';
import { ensureDatabase } from './postgres-database.js';
import { placePostgres, type PostgresPlacement } from './postgres-placement.js';
import { PortTakenError, ServerStartError } from './server.errors.js';
import { startServerProcess, type Account, type Log, type ServerProcess, type StopStep } from './server-process.js';

export interface StartPostgresOptions {
  /** Made when missing. */
  readonly dataDir: string;
  /** 0: a free one. */
  readonly port: number;
  /** Created when missing. */
  readonly database: string;
  /** Default true. false: fast and for tests only; a power cut may destroy the data (the end of a process does not). */
  readonly durable?: boolean | undefined;
  readonly log?: Log | undefined;
}

export interface PostgresHandle extends ServerProcess {
  /** With user, password and database. */
  readonly url: string;
  readonly port: number;
}

const what = 'PostgreSQL';
const lockPatienceMs = 5_000;
const stopSteps: readonly StopStep[] = [
  { signal: 'SIGINT', patienceMs: 20_000 },
  { signal: 'SIGQUIT', patienceMs: 5_000 },
  { signal: 'SIGKILL', patienceMs: 5_000 },
];

const settings = (port: number, durable: boolean): Readonly<Record<string, string>> => ({
  port: String(port),
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  // Not synchronous_commit or full_page_writes as well: without them a kill -9 of the server loses commits, not only a power cut.
  ...(durable ? {} : { fsync: 'off' }),
});

interface Setting {
  readonly placement: PostgresPlacement;
  readonly account: Account | undefined;
  readonly cluster: Cluster;
  readonly remains: LeftoverOptions;
  readonly durable: boolean;
  readonly log: Log | undefined;
}

const says = (error: unknown, text: RegExp): error is ServerStartError => error instanceof ServerStartError && error.output.some((line) => text.test(line));

const launch = async ({ placement, account, cluster, durable, log }: Setting, port: number): Promise<ServerProcess> => {
  const args = ['-D', cluster.folder, ...Object.entries(settings(port, durable)).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  try {
    return await startServerProcess({ what, file: placement.binaries.postgres, args, account, ready: /database system is ready to accept connections/, stopSteps, log });
  } catch (error) {
    throw says(error, /address already in use/i) ? new PortTakenError(port, what, { cause: error }) : error;
  }
};

/** The children of a server that was killed hold its lock for a moment. */
const launchOnceUnlocked = async (setting: Setting, port: number): Promise<ServerProcess> => {
  const deadline = performance.now() + lockPatienceMs;
  for (;;) {
    try {
      return await launch(setting, port);
    } catch (error) {
      const locked = says(error, /lock file ".*" already exists|pre-existing shared memory block/);
      if (!locked || performance.now() >= deadline) throw error;
    }
    await delay(100);
    await takeOverLeftover(setting.remains);
  }
};

const prepareSetting = async (options: StartPostgresOptions): Promise<Setting> => {
  const { durable = true, log } = options;
  const dataDir = path.resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const binaries = await postgresBinaries();
  const account = await postgresAccount(path.join(dataDir, 'data'), log);
  const placement = await placePostgres({ dataDir, binaries, account, log });
  const folder = path.join(placement.home, 'data');
  const remains: LeftoverOptions = {
    what, dataDir, pidFile: path.join(folder, 'postmaster.pid'), ownerFile: path.join(dataDir, 'postgres.owner'), argument: folder, stopSteps, log,
  };
  await takeOverLeftover(remains);
  await claim(remains.ownerFile);
  const cluster = await ensureCluster({ dataDir, placement, account, durable });
  return { placement, account, cluster, remains, durable, log };
};

const urlOf = ({ password, port, database }: { readonly password: string; readonly port: number; readonly database: string }): string =>
  `postgres://${clusterUser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;

/** Address of the server that another process runs on a data folder. Throws when the folder has no password. */
export const runningPostgresUrl = async ({ dataDir, port, database }: Pick<StartPostgresOptions, 'dataDir' | 'port' | 'database'>): Promise<string> =>
  urlOf({ password: (await readFile(path.join(path.resolve(dataDir), 'password'), 'utf8')).trim(), port, database });

/** Starts a PostgreSQL server on 127.0.0.1, waits until it serves, and creates the database if it is missing. */
export const startPostgres = async (options: StartPostgresOptions): Promise<PostgresHandle> => {
  const setting = await prepareSetting(options);
  return withPort(options.port, async (port) => {
    await assertPortFree(port, what);
    const server = await launchOnceUnlocked(setting, port);
    const { password } = setting.cluster;
    try {
      await ensureDatabase(urlOf({ password, port, database: 'postgres' }), options.database);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return { ...server, port, url: urlOf({ password, port, database: options.database }) };
  });
};
