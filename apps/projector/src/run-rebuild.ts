import { connectNats, JetStreamEventStore, JetStreamLogReader, logEnd } from '@cs/jetstream';
import { sha256Hex, systemClock } from '@cs/platform';
import { isUnavailable, migrate, NextGeneration, PostgresProjectionStore, TablesInUseError, type Database, type GenerationSource } from '@cs/postgres';
import type { NatsConnection } from '@nats-io/transport-node';
import { Rebuild, type RebuildOptions } from './rebuild.js';
import { fromArchive, fromLog, type RebuildSource } from './rebuild-source.js';
import { checkSameLog } from './same-log.js';

export interface RunRebuildOptions extends Pick<RebuildOptions, 'auditKeys' | 'onProgress' | 'onSetAside'>, Partial<Pick<RebuildOptions, 'limits'>> {
  readonly database: Database;
  readonly natsUrl: string;
  readonly from: GenerationSource;
  /** Begins anew instead of continuing what was interrupted. */
  readonly anew: boolean;
  readonly signal: AbortSignal;
  readonly onBegin: (how: 'begun' | 'continued') => void;
}

/** Larger than the live projector's: nobody waits for a batch, and a row that changes often is written less often. */
export const rebuildLimits = { maxCommits: 2000, maxBytes: 32_000_000, maxRuns: 20_000 };

interface OpenSource {
  readonly source: RebuildSource;
  close(): Promise<void>;
}

/** Throws `ForeignLogError` when the log is not the one that the database was filled from, or has lost its end. */
const logSource = async (nc: NatsConnection, database: Database): Promise<RebuildSource> => {
  const store = new PostgresProjectionStore(database);
  await checkSameLog(store, new JetStreamEventStore(nc), (await store.progress()).projected);
  return fromLog(new JetStreamLogReader(nc, { onError: () => undefined }), () => logEnd(nc));
};

const openSource = async ({ database, from, natsUrl }: RunRebuildOptions): Promise<OpenSource> => {
  if (from === 'archive') return { source: fromArchive(new PostgresProjectionStore(database)), close: () => Promise.resolve() };
  const nc = await connectNats({ url: natsUrl, name: 'rebuild' });
  try {
    return { source: await logSource(nc, database), close: () => nc.close() };
  } catch (error) {
    await nc.close();
    throw error;
  }
};

/** What was built can be continued when the process was told to stop, or a server was away. */
const isInterruption = (error: unknown, signal: AbortSignal): boolean => signal.aborted || isUnavailable(error) || error instanceof TablesInUseError;

/** The rebuild stopped in between; started again, it continues. */
export class RebuildInterruptedError extends Error {
  override readonly name = 'RebuildInterruptedError';
}

const buildAndSwitch = async (generation: NextGeneration, source: RebuildSource, options: RunRebuildOptions): Promise<number> => {
  const { from, anew, signal, auditKeys, onProgress, onSetAside, onBegin, limits = rebuildLimits } = options;
  try {
    onBegin(await generation.begin({ source: from, anew }));
    return await new Rebuild({ generation, source, digest: sha256Hex, auditKeys, clock: systemClock, limits, onProgress, onSetAside }).run(signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (isInterruption(error, signal)) throw new RebuildInterruptedError(signal.aborted ? 'stopped' : reason, { cause: error });
    await generation.discard();
    throw error;
  }
};

/**
 * Builds a new generation of the projections and switches to it. Throws `RebuildInterruptedError` when it
 * can be continued; after any other error nothing of it is left. Answers the position the projections hold.
 */
export const runRebuild = async (options: RunRebuildOptions): Promise<number> => {
  await migrate(options.database);
  const generation = await NextGeneration.hold(options.database);
  try {
    const { source, close } = await openSource(options);
    try {
      return await buildAndSwitch(generation, source, options);
    } finally {
      await close();
    }
  } finally {
    await generation.release();
  }
};
