import { DataFolderInUseError, PortTakenError, startNats, startPostgres } from '@cs/embedded-servers';
import { natsServers } from '@cs/platform';
import { Database } from '@cs/postgres';
import { connect } from '@nats-io/transport-node';
import path from 'node:path';
import type { Environment, StandaloneConfig } from './config.js';

export interface Servers {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/** What the person has to change, in one sentence. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** An address without its credentials, for messages. */
const withoutCredentials = (url: string): string => {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
};

const reason = (error: unknown): string => (error instanceof AggregateError ? String(error.errors[0]) : error instanceof Error ? error.message : String(error));

/** Services would wait for their servers for ever; a person who starts them wants to know. */
const checkNats = async (url: string): Promise<void> => {
  try {
    const nc = await connect({ ...natsServers(url), timeout: 5000, maxReconnectAttempts: 0 });
    await nc.close();
  } catch (cause) {
    throw new StartError(`NATS at ${url.split(',').map(withoutCredentials).join(', ')} (NATS_URL) cannot be reached: ${reason(cause)}`, { cause });
  }
};

const checkPostgres = async (url: string): Promise<void> => {
  const database = new Database({ url, name: 'start' });
  try {
    await database.query({ text: 'select 1' });
  } catch (cause) {
    throw new StartError(`PostgreSQL at ${withoutCredentials(url)} (DATABASE_URL) cannot be used: ${reason(cause)}`, { cause });
  } finally {
    await database.close();
  }
};

const variableOf: Readonly<Record<string, string>> = { NATS: 'COUNTERSIGN_NATS_PORT', PostgreSQL: 'COUNTERSIGN_POSTGRES_PORT' };

const explain = (error: unknown): unknown => {
  if (error instanceof PortTakenError) {
    return new StartError(`Port ${error.port} for ${error.what} is taken. Set ${variableOf[error.what] ?? 'another port'} to a free port, or stop what uses it.`, { cause: error });
  }
  if (error instanceof DataFolderInUseError) {
    return new StartError(`Countersign already runs on ${path.dirname(error.dataDir)} (process ${error.ownerPid}). Stop it, or set COUNTERSIGN_DATA to another folder.`, { cause: error });
  }
  return error;
};

interface ServerOptions {
  readonly environment: Environment;
  readonly toolsDir: string;
}

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** A server of the person's own: we neither start nor stop it. */
const own = (url: string): Server => ({ url, stop: () => Promise.resolve() });

const startNatsServer = (config: StandaloneConfig, { environment, toolsDir }: ServerOptions): Promise<Server> => {
  const { NATS_SERVER_BIN: envBinary, PATH } = environment;
  return startNats({
    dataDir: path.resolve(config.COUNTERSIGN_DATA, 'nats'), port: config.COUNTERSIGN_NATS_PORT, syncInterval: config.COUNTERSIGN_NATS_SYNC, toolsDir,
    ...(envBinary === undefined ? {} : { envBinary }), ...(PATH === undefined ? {} : { path: PATH }),
  });
};

const startPostgresServer = (config: StandaloneConfig): Promise<Server> =>
  startPostgres({ dataDir: path.resolve(config.COUNTERSIGN_DATA, 'postgres'), port: config.COUNTERSIGN_POSTGRES_PORT, database: 'countersign' });

const valueOf = <Value>(result: PromiseSettledResult<Value>): Value | undefined => (result.status === 'fulfilled' ? result.value : undefined);

/** Servers of the person's own where given, embedded ones for the rest. */
export const startServers = async (config: StandaloneConfig, options: ServerOptions): Promise<Servers> => {
  const { NATS_URL, DATABASE_URL } = config;
  const starting = [
    NATS_URL === undefined ? startNatsServer(config, options) : checkNats(NATS_URL).then(() => own(NATS_URL)),
    DATABASE_URL === undefined ? startPostgresServer(config) : checkPostgres(DATABASE_URL).then(() => own(DATABASE_URL)),
  ] as const;
  const [nats, postgres] = (await Promise.allSettled(starting)).map(valueOf);
  const stop = async (): Promise<void> => {
    await nats?.stop();
    await postgres?.stop();
  };
  if (nats && postgres) return { natsUrl: nats.url, databaseUrl: postgres.url, stop };
  await stop();
  throw explain(await Promise.all(starting).catch((error: unknown) => error));
};
