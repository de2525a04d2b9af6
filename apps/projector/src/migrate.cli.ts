import { connectNats, ensureStreams } from '@cs/jetstream';
import { createLogger, type Logger } from '@cs/platform';
import { Database, isUnavailable, migrate } from '@cs/postgres';
import { setTimeout as delay } from 'node:timers/promises';
import { readProjectorConfig, type ProjectorConfig } from './config.js';
import { refuseLostLog } from './lost-log.js';

/* Sets up the database and the streams, and ends: the services that follow find both. */

const retryAfterMs = 500;

const migrateOnceThere = async (database: Database, logger: Logger): Promise<void> => {
  for (;;) {
    try {
      return await migrate(database);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      logger.info({ err: error }, 'waiting for the database');
    }
    await delay(retryAfterMs);
  }
};

const setUp = async (config: ProjectorConfig): Promise<void> => {
  const logger = createLogger({ service: 'migrate', level: config.LOG_LEVEL });
  const database = new Database({ url: config.DATABASE_URL, name: 'migrate' });
  await migrateOnceThere(database, logger);
  const nc = await connectNats({ url: config.NATS_URL, name: 'migrate' });
  try {
    await refuseLostLog(database, nc);
    await ensureStreams(nc);
  } finally {
    await Promise.all([database.close(), nc.close()]);
  }
  logger.info('database and streams are set up');
};

try {
  await setUp(readProjectorConfig());
} catch (error) {
  process.stderr.write(`migrate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
