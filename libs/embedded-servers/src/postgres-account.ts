import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ServerUnavailableError } from './server.errors.js';
import type { Account, Log } from './server-process.js';

const run = promisify(execFile);

const createdUser = 'countersign-postgres';
const candidates = ['postgres', createdUser];

const idOf = async (option: '-u' | '-g', user: string): Promise<number> => Number((await run('id', [option, user])).stdout);

const lookUp = async (user: string): Promise<Account | undefined> => {
  try {
    return { uid: await idOf('-u', user), gid: await idOf('-g', user) };
  } catch {
    return undefined;
  }
};

const createUser = async (): Promise<void> => {
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', createdUser]);
  } catch (error) {
    throw new ServerUnavailableError(
      `PostgreSQL refuses to run as root, and creating the system user "${createdUser}" for it failed. `
      + 'Start as an ordinary user, or create a system user named "postgres", or set DATABASE_URL to a PostgreSQL that already runs.',
      { cause: error },
    );
  }
};

const systemAccount = async (log: Log | undefined): Promise<Account> => {
  for (const user of candidates) {
    const found = await lookUp(user);
    if (found) return found;
  }
  log?.(`PostgreSQL refuses to run as root: creating the system user "${createdUser}" for it`);
  await createUser();
  const created = await lookUp(createdUser);
  if (!created) throw new ServerUnavailableError(`The system user "${createdUser}" was created but cannot be found`);
  return created;
};

/**
 * The user that PostgreSQL runs as. `undefined`: the current one. PostgreSQL refuses to run as root and on a
 * folder of another user, so root lends it the owner of the cluster, else the system user "postgres", or
 * creates one. A cluster that belongs to root (say, restored by it) is handed over.
 */
export const postgresAccount = async (clusterFolder: string, log?: Log): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(clusterFolder).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const account = await systemAccount(log);
  if (owner) await run('chown', ['-R', `${account.uid}:${account.gid}`, clusterFolder]);
  return account;
};
