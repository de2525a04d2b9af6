import { startPostgres } from '@cs/embedded-servers';
import { temporaryFolder } from './temporary-folder.js';

/** A real PostgreSQL server on a free port, with data of its own. */
export interface TestPostgres {
  /** With user, password and an empty database. */
  readonly url: string;
  readonly port: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Start it in `beforeAll`, stop it in `afterAll`: one server for each test file. Fast rather than safe in a power cut. */
export const startTestPostgres = async (): Promise<TestPostgres> => {
  const folder = await temporaryFolder('postgres');
  const server = await startPostgres({ dataDir: folder.path, port: 0, database: 'countersign', durable: false });
  return {
    url: server.url,
    port: server.port,
    stop: async () => {
      await server.stop();
      await folder.remove();
    },
  };
};
