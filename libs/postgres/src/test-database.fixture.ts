import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startPostgres } from '@cs/embedded-servers';
import { Database } from './database.js';

export interface TestDatabase {
  readonly url: string;
  readonly database: Database;
  /** Another process's view of the same database. */
  connect(): Database;
  stop(): Promise<void>;
}

/** A server of its own with an empty database. */
export const startTestDatabase = async (): Promise<TestDatabase> => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cs-postgres-'));
  const server = await startPostgres({ dataDir, port: 0, database: 'countersign', durable: false });
  const databases: Database[] = [];
  const connect = (): Database => {
    const database = new Database({ url: server.url, name: 'test', poolSize: 4 });
    databases.push(database);
    return database;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(databases.map((database) => database.close()));
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { url: server.url, database: connect(), connect, stop };
};
