import type { Database } from './database.js';

/** What one process holds while it leads. */
export interface Leadership {
  /** Aborts when the session that holds the lock is lost: someone else may lead from then on. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Waits until this process leads: a session-wide advisory lock on a connection of its own. The server
 * queues those who wait and gives the lock to the next when the leader's session ends. Throws when the
 * connection fails, or when `signal` aborts.
 */
export const lead = async (database: Database, { key, signal }: { readonly key: number; readonly signal: AbortSignal }): Promise<Leadership> => {
  const client = database.createClient();
  const lost = new AbortController();
  const end = (): Promise<void> => client.end().catch(() => undefined);
  const onAbort = (): void => void end();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [key]);
    signal.throwIfAborted();
  } catch (error) {
    await end();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return { lost: lost.signal, release: end };
};
