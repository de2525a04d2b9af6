import { logEnd } from '@cs/jetstream';
import { PostgresProjectionStore, type Database } from '@cs/postgres';
import type { NatsConnection } from '@nats-io/transport-node';

/** The database knows commits that the log does not have. */
export class LogLostError extends Error {
  override readonly name = 'LogLostError';
}

/**
 * Refuses to begin with a log that has lost commits of the archive, before anybody writes to it: what is
 * written now would stand where they belong. Throws `LogLostError`.
 */
export const refuseLostLog = async (database: Database, nc: NatsConnection): Promise<void> => {
  const { projected } = await new PostgresProjectionStore(database).progress();
  const end = await logEnd(nc);
  if (end >= projected) return;
  throw new LogLostError(
    `the log in NATS ends at ${end}, but the database has an archive of ${projected} commits: the data of NATS are lost or older, or NATS_URL and DATABASE_URL do not belong together. `
    + 'Restore the log from the archive (docs/operate/rebuild-and-restore.md#the-log-is-lost)',
  );
};
