import { schema, type Database } from './database.js';

/** Key of the advisory lock that one migrating service holds at a time. */
const migrationLock = 7_042_001;

/** Brings the schema to this release. Services may start at once: one migrates, the others wait and find it done. */
export const migrate = async (database: Database): Promise<void> => {
  const source = await database.dataSource();
  const runner = source.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('select pg_advisory_lock($1)', [migrationLock]);
    await runner.query(`create schema if not exists ${schema}`);
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.release();
  }
};
