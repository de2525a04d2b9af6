import { startTestPostgres } from '@cs/testing';
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
  const server = await startTestPostgres();
  const databases: Database[] = [];
  const connect = (): Database => {
    const database = new Database({ url: server.url, name: 'test', poolSize: 4 });
    databases.push(database);
    return database;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(databases.map((database) => database.close()));
    await server.stop();
  };
  return { url: server.url, database: connect(), connect, stop };
};
