import { UnreadableCommitError, type EventStore } from '@cs/eventing';
import type { Position } from '@cs/kernel';
import type { ProjectionStore } from '@cs/read-models';

/** The database was filled from another log than the one that is there, or the log has lost its end. */
export class ForeignLogError extends Error {
  override readonly name = 'ForeignLogError';
}

const commitIdOf = (body: string): unknown => {
  try {
    const commit: unknown = JSON.parse(body);
    return typeof commit === 'object' && commit !== null ? Reflect.get(commit, 'commit_id') : undefined;
  } catch {
    // A commit that cannot be read is archived as it is, and compared by nothing.
    return undefined;
  }
};

const commitIdAt = async (log: EventStore, position: Position): Promise<string | undefined> => {
  try {
    const stored = await log.at(position);
    if (stored === undefined) throw new ForeignLogError(`the log has no commit at ${position}, up to which the database was filled`);
    return stored.commit.commit_id;
  } catch (error) {
    if (error instanceof UnreadableCommitError) return undefined;
    throw error;
  }
};

/**
 * Compares the newest archived commit with the log's commit at its position, so that two servers that do
 * not belong together (another `DATABASE_URL`, lost NATS data) are noticed before anything is mixed.
 * Throws `ForeignLogError`.
 */
export const checkSameLog = async (store: ProjectionStore, log: EventStore, projected: Position): Promise<void> => {
  if (projected === 0) return;
  const [newest] = await store.archived(projected, 1);
  const archived = newest && commitIdOf(newest.body);
  const logged = await commitIdAt(log, projected);
  if (archived === undefined || logged === undefined || archived === logged) return;
  throw new ForeignLogError(`the commit at ${projected} is another one in the log than in the database: NATS_URL and DATABASE_URL do not belong together`);
};
