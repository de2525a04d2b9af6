import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSecrets } from './config.js';

describe('secrets of the steps', () => {
  it('come from the environment, or from files that it names', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'countersign-secrets-'));
    const file = path.join(folder, 'token');
    writeFileSync(file, 'from-file\n');
    const secrets = readSecrets({ COUNTERSIGN_SECRET_URL: 'http://peer', COUNTERSIGN_SECRET_TOKEN_FILE: file, OTHER: 'x' });
    rmSync(folder, { recursive: true });
    expect(Object.fromEntries(secrets)).toEqual({ URL: 'http://peer', TOKEN: 'from-file' });
  });
});
