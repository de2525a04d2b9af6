import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerStartError } from './server.errors.js';

export type Log = (line: string) => void;

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running server. */
export interface ServerProcess {
  readonly pid: number;
  /** Settles when the server has ended, whatever the reason; never rejects. */
  readonly exited: Promise<ServerExit>;
  /** Ends the server in good order, with force if it does not react. May be called again, and after its end. */
  stop(): Promise<void>;
  /** Sends one signal to the server and returns at once, as a kill test needs it. */
  kill(signal: NodeJS.Signals): void;
}

/** One signal of a stop, and how long to wait for its effect, in milliseconds. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly patienceMs: number;
}

/** The system user that a server runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ServerCommand {
  readonly what: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Default: the user of this process. */
  readonly account?: Account | undefined;
  /** The line of output after which the server serves. */
  readonly ready: RegExp;
  readonly stopSteps: readonly StopStep[];
  readonly log?: Log | undefined;
}

/** Recovery of a large data folder after a power cut comes before readiness. */
const startPatienceMs = 120_000;
const keptLines = 20;

/** Nothing of our own environment reaches a server, and its messages are English. */
export const serverEnvironment: Readonly<Record<string, string>> = { LC_ALL: 'C', TZ: 'UTC' };

const running = new Set<ChildProcess>();
const interruptRunning = (): void => running.forEach((child) => child.kill('SIGINT'));

/** A process that ends without stop(), say by an uncaught error, takes its servers along. */
const track = (child: ChildProcess): void => {
  if (running.size === 0) process.on('exit', interruptRunning);
  running.add(child);
  const forget = (): void => {
    running.delete(child);
    if (running.size === 0) process.off('exit', interruptRunning);
  };
  child.once('exit', forget);
  child.once('error', () => child.pid === undefined && forget());
};

const readLines = (stream: Readable, onLine: Log): void => {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
};

const stopper = (child: ChildProcess, exited: Promise<ServerExit>, steps: readonly StopStep[]) => async (): Promise<void> => {
  for (const { signal, patienceMs } of steps) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    child.kill(signal);
    const timer = new AbortController();
    const patience = delay(patienceMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([exited, patience]);
    timer.abort();
  }
  await exited;
};

const describeExit = ({ code, signal }: ServerExit): string => (signal ? `it was ended by ${signal}` : `it ended with code ${code}`);

interface Readiness {
  readonly command: ServerCommand;
  readonly child: ChildProcess;
  readonly exited: Promise<ServerExit>;
}

/** Resolves at the line that says so; rejects with the output when the server ends or stays silent instead. */
const becomesReady = ({ command, child, exited }: Readiness): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines: string[] = [];
    const fail = (problem: string): void => reject(new ServerStartError(command.what, problem, lines));
    const silence = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`it was not ready after ${startPatienceMs / 1_000} s`);
    }, startPatienceMs);
    const onLine = (line: string): void => {
      command.log?.(line);
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      if (!command.ready.test(line)) return;
      clearTimeout(silence);
      resolve();
    };
    if (child.stdout) readLines(child.stdout, onLine);
    if (child.stderr) readLines(child.stderr, onLine);
    child.once('error', (error) => fail(error.message));
    void exited.then((exit) => {
      clearTimeout(silence);
      // The last lines arrive after the exit; 'close' would wait for grandchildren that hold the pipe.
      setTimeout(() => fail(describeExit(exit)), 20);
    });
  });

/** Spawns a server in a process group of its own, so that Ctrl-C in the terminal reaches us and not the server. */
export const startServerProcess = async (command: ServerCommand): Promise<ServerProcess> => {
  const child = spawn(command.file, [...command.args], {
    cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...serverEnvironment },
    ...(command.account ? { uid: command.account.uid, gid: command.account.gid } : {}),
  });
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
  });
  track(child);
  await becomesReady({ command, child, exited });
  const { pid } = child;
  if (pid === undefined) throw new ServerStartError(command.what, 'it has no process id', []);
  return { pid, exited, stop: stopper(child, exited, command.stopSteps), kill: (signal) => void child.kill(signal) };
};
