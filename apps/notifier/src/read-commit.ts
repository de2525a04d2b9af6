import { parseLogSubject } from '@cs/contracts';
import { decodeCommit, giveUp, UnreadableCommitError, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { blobHeader, type ConsumerMessage } from '@cs/jetstream';
import { toPosition } from '@cs/kernel';

const readCommit = async (message: ConsumerMessage, eventing: Eventing): Promise<StoredCommit | undefined> => {
  const position = toPosition(message.position);
  // Data beside the message: the store puts it back.
  if (message.header(blobHeader) !== '') return eventing.store.at(position);
  const subject = parseLogSubject(message.subject);
  return subject && decodeCommit(subject, { position, body: message.text() });
};

/** Handles a message of the log as the commit that it is; one that is none is set aside. */
export const withCommit = async (message: ConsumerMessage, eventing: Eventing, handle: (stored: StoredCommit) => Promise<ConsumerOutcome>): Promise<ConsumerOutcome> => {
  try {
    const stored = await readCommit(message, eventing);
    return stored ? await handle(stored) : giveUp(`"${message.subject}" is no commit that can be handled`);
  } catch (error) {
    if (error instanceof UnreadableCommitError) return giveUp(error.message);
    throw error;
  }
};
