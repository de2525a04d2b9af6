import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { downloadedNatsBinary } from './nats-download.js';
import { natsServerBinary } from './nats-server-binary.js';
import { ServerUnavailableError } from './server.errors.js';

describe('finding the NATS server', () => {
  let folder = '';
  const program = async (name: string, version: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\necho "nats-server: v${version}"\n`);
    await chmod(file, 0o755);
    return file;
  };
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'countersign-binary-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('prefers the chosen program', async () => {
    const envBinary = await program('chosen', '2.13.1');
    expect(await natsServerBinary({ envBinary, toolsDir: folder })).toBe(envBinary);
  });

  it('refuses a chosen program that is too old, and says what to do', async () => {
    const envBinary = await program('chosen', '2.9.10');
    const refusal = natsServerBinary({ envBinary, toolsDir: folder });
    await expect(refusal).rejects.toThrow(ServerUnavailableError);
    await expect(refusal).rejects.toThrow(/nats-server 2\.9\.10.*Install nats-server 2\.12 or later/);
  });

  it('refuses a chosen program that cannot be run, instead of looking elsewhere', async () => {
    await expect(natsServerBinary({ envBinary: path.join(folder, 'absent'), toolsDir: folder })).rejects.toThrow(/NATS_SERVER_BIN is ".*absent", which cannot be run/);
  });

  it('takes a recent program from PATH', async () => {
    const file = await program('nats-server', '2.12.0');
    expect(await natsServerBinary({ toolsDir: path.join(folder, 'tools'), path: `/nonexistent${path.delimiter}${folder}` })).toBe(file);
  });

  it('prefers an earlier download to PATH', async () => {
    const downloaded = downloadedNatsBinary(folder);
    if (downloaded === undefined) return;
    await program('nats-server', '2.12.0');
    await program(path.basename(downloaded), '2.14.0');
    expect(await natsServerBinary({ toolsDir: folder, path: folder })).toBe(downloaded);
  });
});
