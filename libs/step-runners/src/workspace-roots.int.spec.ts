import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileSystemRoots } from './workspace-roots.adapter.js';

describe('workspace roots on the file system', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'countersign-roots-'));
    await writeFile(path.join(folder, 'file'), '');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are directories that exist; anything else is a problem that names the path', async () => {
    const problem = async (...parts: readonly string[]) => (await fileSystemRoots.problemOf(path.join(folder, ...parts)))?.replace(folder, '…');
    expect(await problem()).toBeUndefined();
    expect(await problem('file')).toContain('"…/file" is not a directory');
    expect(await problem('missing')).toContain('"…/missing" does not exist');
    expect(await problem('file', 'below')).toContain('"…/file/below" does not exist');
  });
});
