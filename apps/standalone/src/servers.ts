import { DataFolderInUseError, PortTakenError, startEmbeddedServers } from '@cs/embedded-servers';
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

/** Servers of the person's own where given, embedded ones for the rest. */
export const startServers = async (config: StandaloneConfig, { environment, toolsDir }: { environment: Environment; toolsDir: string }): Promise<Servers> => {
  const { NATS_URL, DATABASE_URL } = config;
  if (NATS_URL !== undefined && DATABASE_URL !== undefined) return { natsUrl: NATS_URL, databaseUrl: DATABASE_URL, stop: () => Promise.resolve() };
  try {
    const { NATS_SERVER_BIN: envBinary, PATH } = environment;
    const embedded = await startEmbeddedServers({
      dataDir: path.resolve(config.COUNTERSIGN_DATA), toolsDir, natsPort: config.COUNTERSIGN_NATS_PORT, postgresPort: config.COUNTERSIGN_POSTGRES_PORT,
      syncInterval: config.COUNTERSIGN_NATS_SYNC,
      ...(envBinary === undefined ? {} : { envBinary }), ...(PATH === undefined ? {} : { path: PATH }),
    });
    return { natsUrl: NATS_URL ?? embedded.nats.url, databaseUrl: DATABASE_URL ?? embedded.postgres.url, stop: () => embedded.stop() };
  } catch (error) {
    throw explain(error);
  }
};
