import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const inTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);

/**
 * Runs a built program of the workspace in this terminal and ends as it ends.
 *
 * Ctrl-C reaches the program by itself, because it belongs to the terminal's group; then we only wait.
 * A signal sent to this process alone (a service manager, `kill`) is passed on.
 */
export const runProgram = (file, args) => {
  const child = spawn(process.execPath, ['--enable-source-maps', fileURLToPath(new URL(file, root)), ...args], { stdio: 'inherit' });
  const forwarded = new Set();
  const forward = (signal) => {
    if (forwarded.has(signal) || (signal === 'SIGINT' && inTerminal)) return;
    forwarded.add(signal);
    child.kill(signal);
  };
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  child.once('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    process.off('SIGINT', forward);
    process.off('SIGTERM', forward);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
};
