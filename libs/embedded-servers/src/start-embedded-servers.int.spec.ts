import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import { freePort } from './ports.js';
import { describeProcess } from './running-process.js';
import { DataFolderInUseError, PortTakenError } from './server.errors.js';
import { startEmbeddedServers, type EmbeddedServers } from './start-embedded-servers.js';

const workspace = path.resolve(import.meta.dirname, '../../..');
const toolsDir = path.join(workspace, '.tools');
const searchPath = process.env['PATH'] ?? '';

const query = async (url: string, text: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

const withNats = async <T>(url: string, use: (connection: NatsConnection) => Promise<T>): Promise<T> => {
  const connection = await connect({ servers: url });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
};

const store = async ({ postgres, nats }: EmbeddedServers): Promise<void> => {
  await query(postgres.url, "create table kept (text text); insert into kept values ('row')");
  await withNats(nats.url, async (connection) => {
    await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept'] });
    await jetstream(connection).publish('kept', 'message');
  });
};

const stored = async ({ postgres, nats }: EmbeddedServers): Promise<unknown> => ({
  rows: await query(postgres.url, 'select text from kept'),
  message: await withNats(nats.url, async (connection) => (await (await jetstreamManager(connection)).streams.getMessage('KEPT', { seq: 1 }))?.string()),
});
const everything = { rows: [{ text: 'row' }], message: 'message' };

interface LeftBehind {
  readonly natsPort: number;
  readonly postgresPort: number;
  readonly pids: readonly number[];
}

const leaveServersBehind = (dataDir: string): Promise<LeftBehind> =>
  new Promise((resolve, reject) => {
    const program = path.join(import.meta.dirname, 'leave-servers-behind.fixture.ts');
    const loader = path.join(workspace, 'tools/ts-register.mjs');
    const args = ['--conditions=@cs/source', '--import', loader, program, dataDir, toolsDir, searchPath];
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout));
      } catch (error) {
        reject(new Error(stderr, { cause: error }));
      }
    });
    child.stdin?.end();
  });

describe('the embedded servers', () => {
  let dataDir = '';
  let started: EmbeddedServers[] = [];
  let lines: string[] = [];

  const start = async (ports: { natsPort?: number; postgresPort?: number } = {}, durable = false): Promise<EmbeddedServers> => {
    const log = (line: string): void => void lines.push(line);
    const servers = await startEmbeddedServers({ dataDir, natsPort: 0, postgresPort: 0, ...ports, durable, syncInterval: 'always', toolsDir, path: searchPath, log });
    started.push(servers);
    return servers;
  };

  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'countersign-servers-'));
    await chmod(dataDir, 0o755);
    started = [];
    lines = [];
  });
  afterEach(async () => {
    for (const servers of started) await servers.stop();
    await rm(dataDir, { recursive: true });
  });

  it('keep their data from one start to the next', async () => {
    const first = await start({}, true);
    expect(await query(first.postgres.url, 'select current_database() as name')).toEqual([{ name: 'countersign' }]);
    await store(first);
    await first.stop();
    expect(await Promise.all([first.nats.exited, first.postgres.exited])).toMatchObject([{ signal: null }, { code: 0 }]);
    expect(await stored(await start())).toEqual(everything);
  }, 60_000);

  it('come back on the same ports, with the same data, after a kill -9', async () => {
    const first = await start();
    await store(first);
    first.nats.kill('SIGKILL');
    first.postgres.kill('SIGKILL');
    const second = await start({ natsPort: first.nats.port, postgresPort: first.postgres.port });
    expect([second.nats.url, second.postgres.url]).toEqual([first.nats.url, first.postgres.url]);
    expect(await stored(second)).toEqual(everything);
  }, 60_000);

  it('may be stopped twice, and after their end', async () => {
    const servers = await start();
    servers.nats.kill('SIGKILL');
    expect(await servers.nats.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await servers.stop();
    await servers.stop();
  }, 60_000);

  it('listen on loopback only, with a password of their own that only this user can read', async () => {
    const { postgres } = await start();
    const file = path.join(dataDir, 'postgres/password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(new URL(postgres.url).password).toBe(await readFile(file, 'utf8'));
    expect(await query(postgres.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    await expect(query(postgres.url.replace(/:[^:@]+@/, ':postgres@'), 'select 1')).rejects.toThrow('password authentication failed');
  }, 60_000);

  it.each([
    ['natsPort', 'NATS'],
    ['postgresPort', 'PostgreSQL'],
  ])('name the taken port when %s is in use, and leave nothing running', async (option, what) => {
    const port = await freePort();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    try {
      const error: unknown = await start({ [option]: port }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PortTakenError);
      expect(error).toMatchObject({ port, what });
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    expect(await stat(path.join(dataDir, 'postgres/data/postmaster.pid')).catch(() => 'absent')).toBe('absent');
  }, 60_000);

  it('are taken over from a process that died', async () => {
    const left = await leaveServersBehind(dataDir);
    // PostgreSQL outlives its parent; NATS may end at its next line of log, which nobody reads any more.
    expect(await describeProcess(left.pids[1] ?? 0)).toBeDefined();
    await store(await start(left));
    expect(lines.filter((line) => /left behind/.test(line)).length).toBeGreaterThanOrEqual(1);
    expect(await Promise.all(left.pids.map(describeProcess))).toEqual([undefined, undefined]);
  }, 60_000);

  it('are not taken from a process that lives', async () => {
    const first = await start();
    await store(first);
    await expect(start()).rejects.toThrow(DataFolderInUseError);
    expect(await stored(first)).toEqual(everything);
  }, 60_000);

  it('ignore a pid file whose process is something else, and leave that process alone', async () => {
    await (await start()).stop();
    const pidFiles = ['nats/nats.pid', 'postgres/data/postmaster.pid'].map((file) => path.join(dataDir, file));
    for (const file of pidFiles) await writeFile(file, `${process.ppid}\n`);
    await start();
    expect(await describeProcess(process.ppid)).toBeDefined();
    for (const file of pidFiles) expect(await readFile(file, 'utf8')).not.toMatch(new RegExp(`^${process.ppid}\\n`));
  }, 60_000);
});
