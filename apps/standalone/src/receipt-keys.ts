import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The key's name: its thumbprint (RFC 7638, RFC 8037). */
const thumbprint = (x: string): string => createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');

const newKeySet = (): string => {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return `${JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x, d, kid: thumbprint(x) }] }, null, 2)}\n`;
};

const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** The file with the key that signs receipts, made once and readable only by its owner. */
export const ensureReceiptKeys = async (dataDir: string): Promise<string> => {
  const file = path.resolve(dataDir, 'keys', 'receipts.json');
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, newKeySet(), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (!isThere(error)) throw error;
  });
  return file;
};
