// One process that stands for one container: its log goes to a file, and it is stopped as compose stops it.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** `undefined` when the promise takes longer. */
const within = async (promise, ms) => {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  } finally {
    timer.abort();
  }
};

/**
 * Starts a program with exactly this environment, in a process group of its own, so that Ctrl-C reaches
 * us and not it. `account`: the user that it runs as, when we may choose.
 */
export const startProcess = ({ name, file, args, cwd, env, account, logFile }) => {
  const log = createWriteStream(logFile);
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...account });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve({ problem: error.message }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const ended = { now: undefined };
  void exited.then((exit) => {
    ended.now = exit;
  });
  /** SIGTERM, then SIGKILL after the grace period. Resolves with how it ended and how long that took. */
  const stop = async (graceMs) => {
    const began = performance.now();
    if (!ended.now) child.kill('SIGTERM');
    const graceful = await within(exited, graceMs);
    if (!graceful) child.kill('SIGKILL');
    return { ...(await exited), killed: !graceful, tookMs: Math.round(performance.now() - began) };
  };
  return { name, pid: child.pid, exited, ended, stop, logFile };
};

/** Runs a program to its end; `undefined` when it takes longer than that. */
export const runToEnd = async ({ file, args, cwd, env, account, timeoutMs, stdio = 'ignore' }) => {
  const child = spawn(file, args, { cwd, env, stdio, ...account });
  const exit = new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const code = await within(exit, timeoutMs);
  if (code === undefined) child.kill('SIGKILL');
  return code;
};

export const describeExit = ({ problem, code, signal }) => problem ?? (signal ? `was ended by ${signal}` : `ended with code ${code}`);

export const lastLines = (file, count) => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
