import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { downloadedNatsBinary, downloadNats } from './nats-download.js';
import { isNatsVersionSupported, oldestNatsVersion, parseNatsVersion } from './nats-version.js';
import { ServerUnavailableError } from './server.errors.js';
import type { Log } from './server-process.js';

const run = promisify(execFile);

export interface NatsServerBinaryOptions {
  /** The value of NATS_SERVER_BIN. When set, nothing else is tried. */
  readonly envBinary?: string | undefined;
  /** Where a downloaded server is kept. */
  readonly toolsDir: string;
  /** The value of PATH. */
  readonly path?: string | undefined;
  readonly log?: Log | undefined;
}

const wanted = `${oldestNatsVersion.major}.${oldestNatsVersion.minor}`;
const advice = `Install nats-server ${wanted} or later (https://github.com/nats-io/nats-server/releases) and put it on PATH, `
  + 'or set NATS_SERVER_BIN to its file, or set NATS_URL to a server that already runs.';

const isExecutable = (file: string): Promise<boolean> => access(file, constants.X_OK).then(() => true, () => false);

/** The version that the program reports; throws when it cannot be run. */
const versionOf = async (file: string): Promise<string> => {
  const { stdout, stderr } = await run(file, ['--version'], { timeout: 10_000 });
  return parseNatsVersion(stdout + stderr) ?? 'of an unknown version';
};

const chosenBinary = async (file: string): Promise<string> => {
  const version = await versionOf(file).catch((error: unknown) => {
    throw new ServerUnavailableError(`NATS_SERVER_BIN is "${file}", which cannot be run. ${advice}`, { cause: error });
  });
  if (!isNatsVersionSupported(version)) throw new ServerUnavailableError(`NATS_SERVER_BIN is "${file}", which is nats-server ${version}. ${advice}`);
  return file;
};

interface PathSearch {
  readonly file?: string;
  /** What was found and cannot be used, for the message. */
  readonly unsuitable: readonly string[];
}

const searchPath = async (folders: readonly string[]): Promise<PathSearch> => {
  const unsuitable: string[] = [];
  for (const folder of folders) {
    const file = path.join(folder, 'nats-server');
    if (!(await isExecutable(file))) continue;
    const version = await versionOf(file).catch(() => 'that cannot be run');
    if (isNatsVersionSupported(version)) return { file, unsuitable };
    unsuitable.push(`${file} is nats-server ${version}.`);
  }
  return { unsuitable };
};

const download = async (options: NatsServerBinaryOptions, unsuitable: readonly string[]): Promise<string> => {
  try {
    options.log?.('Fetching the NATS server');
    return await downloadNats(options.toolsDir);
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : String(error);
    throw new ServerUnavailableError(['No NATS server was found and it could not be fetched:', `${reason}.`, ...unsuitable, advice].join(' '), { cause: error });
  }
};

const findBinary = async (options: NatsServerBinaryOptions): Promise<string> => {
  if (options.envBinary) return chosenBinary(options.envBinary);
  const downloaded = downloadedNatsBinary(options.toolsDir);
  if (downloaded && (await isExecutable(downloaded))) return downloaded;
  const folders = (options.path ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const { file, unsuitable } = await searchPath(folders);
  return file ?? download(options, unsuitable);
};

/**
 * The absolute path of the NATS server's program: `envBinary`, then what lies in `toolsDir`, then PATH (when
 * recent enough), then a download into `toolsDir`.
 * @throws ServerUnavailableError saying what to install or to set
 */
export const natsServerBinary = async (options: NatsServerBinaryOptions): Promise<string> =>
  path.resolve(await findBinary({ ...options, toolsDir: path.resolve(options.toolsDir) }));
