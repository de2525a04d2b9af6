import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const newKeySet = (): string =>
  `${JSON.stringify({ keys: [{ kty: 'oct', kid: `audit-${randomBytes(4).toString('hex')}`, k: randomBytes(32).toString('base64url') }] }, null, 2)}\n`;

const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** The file with the key that signs the audit, made once and readable only by its owner. */
export const ensureAuditKeys = async (dataDir: string): Promise<string> => {
  const file = path.resolve(dataDir, 'keys', 'audit.json');
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, newKeySet(), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (!isThere(error)) throw error;
  });
  return file;
};
