import { streams } from '@cs/contracts';
import type { JetStreamManager } from '@nats-io/jetstream';
import { hasCode } from './nats-error-codes.js';

/** The log is being written back from the archive: until it is whole, nobody may act on it. */
export class LogBeingRestoredError extends Error {
  override readonly name = 'LogBeingRestoredError';
  constructor() {
    super('the log is being restored from the archive, or that was interrupted: run the restore until it says that it is done');
  }
}

/** Member of the stream's metadata. It stands in the store that it protects, so it survives whoever set it. */
const mark = 'countersign-restoring';

/** Whether the stream of the log says that it is not whole. `false` when there is no such stream. */
export const isBeingRestored = async (jsm: JetStreamManager): Promise<boolean> => {
  try {
    const { config } = await jsm.streams.info(streams.log.name);
    return config.metadata?.[mark] !== undefined;
  } catch (error) {
    if (hasCode(error, 'streamNotFound')) return false;
    throw error;
  }
};

export const markRestoring = async (jsm: JetStreamManager): Promise<void> => {
  const { config: { metadata = {} } } = await jsm.streams.info(streams.log.name);
  await jsm.streams.update(streams.log.name, { metadata: { ...metadata, [mark]: 'yes' } });
};

export const markRestored = async (jsm: JetStreamManager): Promise<void> => {
  const { config: { metadata = {} } } = await jsm.streams.info(streams.log.name);
  const { [mark]: _gone, ...rest } = metadata;
  await jsm.streams.update(streams.log.name, { metadata: rest });
};
