import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, readFile, rename, rm, writeFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { PostgresPlacement } from './postgres-placement.js';
import { ServerStartError } from './server.errors.js';
import { serverEnvironment, type Account } from './server-process.js';

const run = promisify(execFile);

/** The one user of the cluster, its superuser. */
export const clusterUser = 'countersign';

export interface ClusterOptions {
  /** Holds the password, readable only by our own user. */
  readonly dataDir: string;
  readonly placement: PostgresPlacement;
  readonly account: Account | undefined;
  readonly durable: boolean;
}

/** A database cluster on the disk. */
export interface Cluster {
  readonly folder: string;
  readonly password: string;
}

const give = async (file: string, account: Account | undefined): Promise<void> => {
  if (account) await chown(file, account.uid, account.gid);
};

const initdbArguments = (folder: string, passwordFile: string, durable: boolean): string[] => [
  `--pgdata=${folder}`, `--username=${clusterUser}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256',
  '--encoding=UTF8', '--locale=C', ...(durable ? [] : ['--no-sync']),
];

const runInitdb = async ({ placement, account, durable }: ClusterOptions, draft: string, passwordFile: string): Promise<void> => {
  try {
    await run(placement.binaries.initdb, initdbArguments(draft, passwordFile, durable), { cwd: '/', env: { ...serverEnvironment }, ...account });
  } catch (error) {
    const output = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : String(error);
    throw new ServerStartError('PostgreSQL', 'its data folder could not be made', output.trim().split('\n'));
  }
};

/** Makes the cluster under another name first, so that an interruption leaves nothing that looks finished. */
const create = async (options: ClusterOptions, folder: string): Promise<string> => {
  const password = randomBytes(24).toString('hex');
  const draft = `${folder}.draft`;
  const passwordFile = `${folder}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await give(draft, options.account);
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    await give(passwordFile, options.account);
    await runInitdb(options, draft, passwordFile);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeFile(path.join(options.dataDir, 'password'), password, { mode: 0o600 });
  await rename(draft, folder);
  return password;
};

const knownPassword = (dataDir: string, folder: string): Promise<string> => {
  const file = path.join(dataDir, 'password');
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`${file} cannot be read, which holds the password of the PostgreSQL data in ${folder}. Restore it, or delete both to begin anew.`, { cause: error });
  });
};

/** Finds the cluster, or makes it with a random password. */
export const ensureCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const folder = path.join(options.placement.home, 'data');
  const password = existsSync(folder) ? await knownPassword(options.dataDir, folder) : await create(options, folder);
  return { folder, password };
};
