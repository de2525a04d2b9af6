import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, '../golden');

/** Compares with a golden file. `WRITE_GOLDEN=1` writes it: look at what changed before it is committed. */
export const expectGolden = (name: string, text: string): void => {
  const file = path.join(folder, name);
  if (process.env['WRITE_GOLDEN'] === '1') {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(existsSync(file) ? readFileSync(file, 'utf8') : 'no golden file').toBe(text);
};
