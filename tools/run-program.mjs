import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const startedBy = process.ppid;
const startedByNpm = process.env.npm_lifecycle_event !== undefined;
const inTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);

/**
 * Runs a built program of the workspace in this terminal and ends as it ends.
 *
 * Ctrl-C, and closing the terminal, reach the program by themselves, because it belongs to the terminal's
 * group; then we only wait. Any other signal (from a service manager, from `kill`) is passed on, once.
 */
export const runProgram = (file, args) => {
  const child = spawn(process.execPath, ['--enable-source-maps', fileURLToPath(new URL(file, root)), ...args], { stdio: 'inherit' });
  const forwarded = new Set();
  const forward = (signal) => {
    if (forwarded.has(signal) || (signal !== 'SIGTERM' && inTerminal)) return;
    forwarded.add(signal);
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  // "kill" of npm ends npm's shell but not what runs in it, which then has another parent.
  const orphaned = () => process.ppid !== startedBy && forward('SIGTERM');
  if (startedByNpm) setInterval(orphaned, 500).unref();
  child.once('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    for (const signal of signals) process.off(signal, forward);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
};
