import { parseLogSubject } from '@cs/contracts';
import { decodeCommit, giveUp, UnreadableCommitError, type ConsumerOutcome, type EventStore, type StoredCommit } from '@cs/eventing';
import { blobHeader, type ConsumerMessage } from '@cs/jetstream';
import { toPosition } from '@cs/kernel';

const read = async (message: ConsumerMessage, store: EventStore): Promise<StoredCommit | undefined> => {
  const position = toPosition(message.position);
  // Data beside the message: the store puts it back.
  if (message.header(blobHeader) !== '') return await store.at(position);
  const subject = parseLogSubject(message.subject);
  return subject && decodeCommit(subject, { position, body: message.text() });
};

/** Handles a message of the log as the commit that it is; one that cannot be read is set aside. */
export const handleCommit = async (message: ConsumerMessage, store: EventStore, handle: (stored: StoredCommit) => Promise<ConsumerOutcome>): Promise<ConsumerOutcome> => {
  try {
    const stored = await read(message, store);
    return stored === undefined ? giveUp(`"${message.subject}" is no commit`) : await handle(stored);
  } catch (error) {
    if (error instanceof UnreadableCommitError) return giveUp(error.message);
    throw error;
  }
};
