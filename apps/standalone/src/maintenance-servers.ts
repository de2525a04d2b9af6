import { DataFolderInUseError, runningPostgresUrl } from '@cs/embedded-servers';
import path from 'node:path';
import type { Environment, StandaloneConfig } from './config.js';
import { startServers, type Servers } from './servers.js';
import { workspacePaths } from './workspace-paths.js';

const isInUse = (error: unknown): boolean => error instanceof Error && error.cause instanceof DataFolderInUseError;

/** Those that `npm start` runs in another terminal. */
const running = async (config: StandaloneConfig): Promise<Servers> => ({
  natsUrl: config.NATS_URL ?? `nats://127.0.0.1:${config.COUNTERSIGN_NATS_PORT}`,
  databaseUrl: config.DATABASE_URL ?? (await runningPostgresUrl({ dataDir: path.resolve(config.COUNTERSIGN_DATA, 'postgres'), port: config.COUNTERSIGN_POSTGRES_PORT, database: 'countersign' })),
  stop: () => Promise.resolve(),
});

/** The servers for a command of an operator: those that are given or run already, else embedded ones for as long as it takes. */
export const maintenanceServers = async (config: StandaloneConfig, environment: Environment): Promise<Servers> => {
  try {
    return await startServers(config, { environment, toolsDir: workspacePaths.tools });
  } catch (error) {
    if (isInUse(error)) return running(config);
    throw error;
  }
};
