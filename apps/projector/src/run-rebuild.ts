import type { RowDifference } from '@cs/contracts';
import { connectNats, JetStreamEventStore, JetStreamLogReader, logEnd } from '@cs/jetstream';
import { sha256Hex, systemClock } from '@cs/platform';
import { isUnavailable, migrate, NextGeneration, PostgresProjectionStore, TablesInUseError, type Database, type GenerationSource } from '@cs/postgres';
import { isPrunedRow, rowDifferences } from '@cs/read-models';
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
  const { from, anew, signal, onBegin } = options;
  try {
    onBegin(await generation.begin({ source: from, anew }));
    return await rebuildOf(generation, source, options).run(signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (isInterruption(error, signal)) throw new RebuildInterruptedError(signal.aborted ? 'stopped' : reason, { cause: error });
    await generation.discard();
    throw error;
  }
};

const rebuildOf = (generation: NextGeneration, source: RebuildSource, { auditKeys, onProgress, onSetAside, limits = rebuildLimits }: RunRebuildOptions): Rebuild =>
  new Rebuild({ generation, source, digest: sha256Hex, auditKeys, clock: systemClock, limits, onProgress, onSetAside });

const onGeneration = async <Result>(options: RunRebuildOptions, work: (generation: NextGeneration, source: RebuildSource) => Promise<Result>): Promise<Result> => {
  await migrate(options.database);
  const generation = await NextGeneration.hold(options.database);
  try {
    const { source, close } = await openSource(options);
    try {
      return await work(generation, source);
    } finally {
      await close();
    }
  } finally {
    await generation.release();
  }
};

/**
 * Builds a new generation of the projections and switches to it. Throws `RebuildInterruptedError` when it
 * can be continued; after any other error nothing of it is left. Answers the position the projections hold.
 */
export const runRebuild = (options: RunRebuildOptions): Promise<number> => onGeneration(options, (generation, source) => buildAndSwitch(generation, source, options));

/**
 * Builds a new generation, compares the live one with it, and removes it again. Answers how many values
 * differ; `onDifference` hears of each. The rebuild that was interrupted before, if any, is gone afterwards.
 */
export const runDriftCheck = (options: Omit<RunRebuildOptions, 'anew'>, onDifference: (difference: RowDifference) => void): Promise<number> =>
  onGeneration({ ...options, anew: true }, async (generation, source) => {
    const live = new PostgresProjectionStore(options.database);
    let differences = 0;
    try {
      options.onBegin(await generation.begin({ source: options.from, anew: true }));
      // No further than the live projector is, so that nothing is compared that it has yet to write.
      const bounded = { ...source, end: async () => (await live.progress()).projected };
      for await (const pair of rebuildOf(generation, bounded, { ...options, anew: true }).compare(options.signal)) {
        for (const difference of isPrunedRow(pair) ? [] : rowDifferences(pair)) {
          differences += 1;
          onDifference(difference);
        }
      }
    } finally {
      await generation.discard();
    }
    return differences;
  });
