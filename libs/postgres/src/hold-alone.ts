import type { Database } from './database.js';

/** Does some work while no other process of this database does it; without doing it, answers `undefined`, when another is at it. */
export const holdAlone = async <Result>(database: Database, key: number, work: () => Promise<Result>): Promise<Result | undefined> => {
  const client = database.createClient();
  // The next statement says what happened to the connection.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [key]);
    return rows[0]?.held === true ? await work() : undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
};
