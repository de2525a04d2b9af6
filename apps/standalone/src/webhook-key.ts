import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * The key that webhook secrets are derived from, for an installation that was given none: made once, and kept
 * beside the data that depend on it, readable by its owner only. Of two starts at once, one makes it.
 */
export const webhookKey = async (dataFolder: string): Promise<{ readonly COUNTERSIGN_WEBHOOK_KEY: string }> => {
  const file = path.resolve(dataFolder, 'webhook.key');
  await writeFile(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  return { COUNTERSIGN_WEBHOOK_KEY: (await readFile(file, 'utf8')).trim() };
};
