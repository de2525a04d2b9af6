import { readFile, rm, writeFile } from 'node:fs/promises';
import { DataFolderInUseError } from './server.errors.js';
import { describeProcess, eventually, hasArgument, type RunningProcess } from './running-process.js';
import type { Log, StopStep } from './server-process.js';

/** How to recognise and stop a server that a dead process left behind on a data folder. */
export interface LeftoverOptions {
  readonly what: string;
  readonly dataDir: string;
  /** The server's own pid file. Its first line is the pid. */
  readonly pidFile: string;
  /** Who started the server; see {@link claim}. */
  readonly ownerFile: string;
  /** The command-line argument that only a server of this data folder has. */
  readonly argument: string;
  readonly stopSteps: readonly StopStep[];
  readonly log?: Log | undefined;
}

const ownerPatienceMs = 2_000;

const readPid = async (file: string): Promise<number | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 0 ? pid : undefined;
};

/**
 * Notes which process starts the server now. The server's parent is this process exactly as long
 * as this process lives: an orphan gets another parent. So no start times need to be compared.
 */
export const claim = (ownerFile: string): Promise<void> => writeFile(ownerFile, `${process.pid}\n`);

const ended = (pid: number, argument: string) => async (): Promise<boolean> => {
  const found = await describeProcess(pid);
  return !found || !hasArgument(found, argument);
};

const send = (pid: number, signal: NodeJS.Signals, { what, dataDir }: LeftoverOptions): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw new Error(`${what}: process ${pid}, left behind on ${dataDir}, cannot be stopped, because it belongs to another user; stop it by hand`, { cause: error });
  }
};

const stopLeftover = async (pid: number, options: LeftoverOptions): Promise<void> => {
  options.log?.(`${options.what}: stopping process ${pid}, left behind on ${options.dataDir} by a process that has ended`);
  for (const { signal, patienceMs } of options.stopSteps) {
    send(pid, signal, options);
    if (await eventually(ended(pid, options.argument), patienceMs)) return;
  }
  throw new Error(`${options.what}: process ${pid}, left behind on ${options.dataDir}, does not end; stop it by hand`);
};

const isOurs = (found: RunningProcess | undefined, argument: string): found is RunningProcess => found !== undefined && hasArgument(found, argument);

/**
 * Stops the server that a dead process left running on the data folder. A pid file whose process is
 * gone, or is something else by now, is removed and otherwise ignored.
 * @throws DataFolderInUseError when the one who started the server still lives
 */
export const takeOverLeftover = async (options: LeftoverOptions): Promise<void> => {
  const pid = await readPid(options.pidFile);
  if (pid === undefined) return;
  const found = await describeProcess(pid);
  if (!found) return;
  // PostgreSQL refuses to start while the pid in its file belongs to any living process of its user.
  if (!isOurs(found, options.argument)) return rm(options.pidFile, { force: true });
  const owner = await readPid(options.ownerFile);
  const owned = found.parentPid === owner;
  if (owned && (await eventually(ended(pid, options.argument), ownerPatienceMs))) return;
  if (owned) throw new DataFolderInUseError(options.dataDir, options.what, owner);
  await stopLeftover(pid, options);
};
