import path from 'node:path';
import { startNats, type NatsHandle } from '@cs/embedded-servers';
import { temporaryFolder } from './temporary-folder.js';

/** A real NATS server with JetStream, on a free port, with data of its own. */
export interface TestNats {
  /** Stays the same over `kill` and `start`. */
  readonly url: string;
  readonly port: number;
  /** JetStream keeps a stream's messages in `jetstream/$G/streams/{name}/msgs` below it. */
  readonly dataDir: string;
  /** Ends it without warning (SIGKILL). Its data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data; nothing happens while it runs. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface TestNatsOptions {
  /** When JetStream flushes to the disk. Default "always", as shipped. */
  readonly syncInterval?: string;
}

/** The workspace root holds the fetched server program, for all projects. */
const toolsDir = path.resolve(import.meta.dirname, '../../../.tools');

/** Start it in `beforeAll`, stop it in `afterAll`: one server for each test file. */
export const startTestNats = async ({ syncInterval = 'always' }: TestNatsOptions = {}): Promise<TestNats> => {
  const folder = await temporaryFolder('nats');
  const launch = (port: number): Promise<NatsHandle> =>
    startNats({ dataDir: folder.path, port, toolsDir, syncInterval, envBinary: process.env['NATS_SERVER_BIN'], path: process.env['PATH'] });
  const first = await launch(0);
  let running: NatsHandle | undefined = first;
  return {
    url: first.url,
    port: first.port,
    dataDir: folder.path,
    kill: async () => {
      running?.kill('SIGKILL');
      await running?.exited;
      running = undefined;
    },
    start: async () => {
      running ??= await launch(first.port);
    },
    stop: async () => {
      await running?.stop();
      running = undefined;
      await folder.remove();
    },
  };
};
