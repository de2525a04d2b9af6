import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { binariesIn, type PostgresBinaries } from './postgres-binaries.js';
import type { Account, Log } from './server-process.js';

/** Where PostgreSQL's files lie. */
export interface PostgresPlacement {
  readonly binaries: PostgresBinaries;
  /** The folder that holds the cluster and the files beside it. */
  readonly home: string;
}

export interface PlacementOptions {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly account: Account | undefined;
  readonly log?: Log | undefined;
}

const shelter = '/var/lib/countersign';
const pointerName = 'postgres.location';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Asks the system, as that user: modes of the parents, groups, access lists and mounts all count. */
const canEnter = (folder: string, { uid, gid }: Account): boolean =>
  spawnSync('test', ['-x', folder], { uid, gid, cwd: '/', stdio: 'ignore' }).status === 0;

const openFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
};

/** Copies the programs to a folder that every user can enter; copies of the same programs are shared. */
const shelterBinaries = async ({ binaries, log }: PlacementOptions): Promise<PostgresBinaries> => {
  const version = spawnSync(binaries.postgres, ['--version'], { encoding: 'utf8' }).stdout;
  const target = path.join(shelter, `postgres-${digest(`${version} ${binaries.folder}`)}`);
  if (existsSync(target)) return binariesIn(target);
  log?.(`PostgreSQL's user cannot enter ${binaries.folder}: copying the programs to ${target}`);
  await openFolder(shelter);
  const draft = `${target}.${randomUUID()}`;
  await cp(binaries.folder, draft, { recursive: true, verbatimSymlinks: true });
  await openFolder(draft);
  await rename(draft, target).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  });
  return binariesIn(target);
};

const pointerText = (home: string): string => `${home}\n\nThe PostgreSQL data of this folder lies there, because the user that PostgreSQL runs as cannot enter this folder.\n`;

/** Data whose pointer is gone belong to a deleted data folder: they must not come back in a new one of the same name. */
const setAside = async (home: string, log: Log | undefined): Promise<void> => {
  if (!existsSync(home)) return;
  const aside = `${home}.removed`;
  await rm(aside, { recursive: true, force: true });
  await rename(home, aside);
  log?.(`PostgreSQL: the data in ${home} belong to a data folder that was deleted; they are now in ${aside}`);
};

const shelterData = async ({ dataDir, log }: PlacementOptions): Promise<string> => {
  const home = path.join(shelter, digest(dataDir));
  const pointer = path.join(dataDir, pointerName);
  const known = await readFile(pointer, 'utf8').catch(() => '');
  if (!known.startsWith(`${home}\n`)) await setAside(home, log);
  await openFolder(shelter);
  await openFolder(home);
  await writeFile(pointer, pointerText(home));
  log?.(`PostgreSQL's user cannot enter ${dataDir}: its data are in ${home}`);
  return home;
};

/**
 * Root may keep the checkout or the data below a folder that PostgreSQL's user cannot enter (such as /root);
 * then the programs, the data, or both lie in /var/lib/countersign.
 */
export const placePostgres = async (options: PlacementOptions): Promise<PostgresPlacement> => {
  const { account, binaries, dataDir } = options;
  if (!account) return { binaries, home: dataDir };
  const sheltered = existsSync(path.join(dataDir, pointerName)) || !canEnter(dataDir, account);
  return {
    binaries: canEnter(binaries.folder, account) ? binaries : await shelterBinaries(options),
    home: sheltered ? await shelterData(options) : dataDir,
  };
};
