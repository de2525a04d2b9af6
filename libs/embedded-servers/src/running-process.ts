import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface RunningProcess {
  readonly parentPid: number;
  /** The arguments separated by blanks, the program first. */
  readonly command: string;
}

const fromProc = async (pid: number): Promise<RunningProcess | undefined> => {
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // "pid (name) state ppid …", where the name may contain blanks and parentheses.
  const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  return command === '' ? undefined : { parentPid, command };
};

const fromPs = async (pid: number): Promise<RunningProcess | undefined> => {
  const { stdout } = await run('ps', ['-ww', '-o', 'ppid=,command=', '-p', String(pid)]);
  const [, parent, command] = /^\s*(\d+)\s+(.*\S)/.exec(stdout) ?? [];
  return command === undefined ? undefined : { parentPid: Number(parent), command };
};

/** What runs under this id; `undefined` when nothing does, or only what remains of an ended process (a zombie). */
export const describeProcess = async (pid: number): Promise<RunningProcess | undefined> => {
  try {
    return await (process.platform === 'linux' ? fromProc(pid) : fromPs(pid));
  } catch {
    return undefined;
  }
};

/** Whether one of the process's arguments is exactly this one. */
export const hasArgument = (found: RunningProcess, argument: string): boolean => `${found.command} `.includes(` ${argument} `);

/** Waits until the condition holds; `false` when it does not within the time. */
export const eventually = async (condition: () => Promise<boolean>, patienceMs: number): Promise<boolean> => {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() >= deadline) return false;
    await delay(25);
  }
  return true;
};
