import path from 'node:path';
import { startNats, type NatsHandle } from './start-nats.js';
import { startPostgres, type PostgresHandle } from './start-postgres.js';
import type { NatsServerBinaryOptions } from './nats-server-binary.js';

export interface StartEmbeddedServersOptions extends NatsServerBinaryOptions {
  /** Holds the folders `nats` and `postgres`. Made when missing. */
  readonly dataDir: string;
  /** 0: a free one. */
  readonly natsPort: number;
  /** Port of the NATS monitoring pages, 0 for a free one. Default: no monitoring. */
  readonly natsHttpPort?: number | undefined;
  /** 0: a free one. */
  readonly postgresPort: number;
  /** Default "countersign". */
  readonly database?: string | undefined;
  /** PostgreSQL's durability; default true. See {@link StartPostgresOptions.durable}. */
  readonly durable?: boolean | undefined;
  /** JetStream's durability; default "always". See {@link StartNatsOptions.syncInterval}. */
  readonly syncInterval?: string | undefined;
}

export interface EmbeddedServers {
  readonly nats: NatsHandle;
  readonly postgres: PostgresHandle;
  /** Stops NATS first, so that nothing is delivered any more, then PostgreSQL. The services must be closed before. */
  stop(): Promise<void>;
}

const startBoth = (options: StartEmbeddedServersOptions): Promise<[PromiseSettledResult<NatsHandle>, PromiseSettledResult<PostgresHandle>]> => {
  const { dataDir, natsPort, natsHttpPort, postgresPort, database = 'countersign', durable, ...rest } = options;
  return Promise.allSettled([
    startNats({ ...rest, dataDir: path.join(dataDir, 'nats'), port: natsPort, httpPort: natsHttpPort }),
    startPostgres({ dataDir: path.join(dataDir, 'postgres'), port: postgresPort, database, durable, log: options.log }),
  ]);
};

/** Starts both servers side by side. When one does not start, the other is stopped and the first error thrown. */
export const startEmbeddedServers = async (options: StartEmbeddedServersOptions): Promise<EmbeddedServers> => {
  const [nats, postgres] = await startBoth(options);
  if (nats.status === 'rejected') {
    if (postgres.status === 'fulfilled') await postgres.value.stop();
    throw nats.reason;
  }
  if (postgres.status === 'rejected') {
    await nats.value.stop();
    throw postgres.reason;
  }
  const stop = async (): Promise<void> => {
    await nats.value.stop();
    await postgres.value.stop();
  };
  return { nats: nats.value, postgres: postgres.value, stop };
};
