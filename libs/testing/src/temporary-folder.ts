import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A folder of its own below the system's temporary one. Readable by the account that PostgreSQL runs as. */
export const temporaryFolder = async (name: string): Promise<TemporaryFolder> => {
  const folder = await mkdtemp(path.join(tmpdir(), `countersign-${name}-`));
  await chmod(folder, 0o755);
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) };
};
