// Makes the checkout ready to run: packages, build, NATS server. Needs nothing but Node, and does only what is missing.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Not import.meta.dirname: a Node too old for it shall still reach checkNode.
const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...parts) => path.join(root, ...parts);
const oldestNode = [20, 19];

/** A problem that the person in front of the terminal can solve; shown without a stack. */
export class PrepareError extends Error {}

const checkNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new PrepareError(`Countersign needs Node ${oldestNode.join('.')} or later; this is ${process.version} (${process.execPath}).`);
};

/**
 * Runs a program; resolves with its exit code and everything it wrote. A signal ends the program too: npm
 * would go on for seconds after Ctrl-C, and write into the next installation.
 */
const run = (file, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (signal) => {
      child.once('close', () => process.exit(128 + constants.signals[signal]));
      child.kill('SIGKILL');
    };
    const signals = ['SIGINT', 'SIGTERM'];
    for (const signal of signals) process.on(signal, stop);
    child.once('close', () => signals.forEach((signal) => process.off(signal, stop)));
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });

const runNode = (args) => run(process.execPath, args);

/** npm's own program: the one that runs us, the one beside this Node, or the one on PATH. */
const runNpm = (args) => {
  const beside = path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const cli = [process.env.npm_execpath, beside].find((file) => file?.endsWith('npm-cli.js') && existsSync(file));
  return cli ? runNode([cli, ...args]) : run('npm', args);
};

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined);
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const lockFile = inRoot('.tools/prepare.lock');
const tryLock = () => {
  mkdirSync(path.dirname(lockFile), { recursive: true });
  try {
    writeFileSync(lockFile, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
};

/** A dead process leaves its lock behind; later its pid may belong to some other process. */
const longestMs = 15 * 60_000;
const isAbandoned = () => {
  try {
    const owner = Number(read(lockFile));
    const ageMs = Date.now() - statSync(lockFile).mtimeMs;
    // Its owner creates the file and then writes the pid: for a moment it is empty.
    return ageMs > longestMs || (owner > 0 ? !isAlive(owner) : ageMs > 1_000);
  } catch {
    return false;
  }
};

/** Two terminals may start at once: the second waits for the first. */
const withLock = async (say, work) => {
  for (let round = 0; !tryLock(); round += 1) {
    if (isAbandoned()) rmSync(lockFile, { force: true });
    else if (round === 10) say(`Waiting for process ${read(lockFile)}, which prepares this checkout too (${lockFile})…`);
    await delay(100);
  }
  const unlock = () => rmSync(lockFile, { force: true });
  process.once('exit', unlock);
  try {
    return await work();
  } finally {
    process.off('exit', unlock);
    unlock();
  }
};

const packagesOf = (file) => JSON.parse(read(inRoot(file)) ?? '{}').packages ?? {};
/** Whether what lies in node_modules is what the lock file asks for, however it came there. */
const isInstalled = () => {
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(([folder, { version, link, optional }]) => {
    const found = installed[folder];
    return !folder.includes('node_modules/') || (found ? link || found.version === version : Boolean(optional));
  });
};

const installedMark = inRoot('node_modules/.countersign-lock');
const installPackages = async (say) => {
  const wanted = createHash('sha256').update(readFileSync(inRoot('package-lock.json'))).digest('hex');
  if (read(installedMark) === wanted) return;
  if (!isInstalled()) {
    say('Installing packages (about a minute)…');
    const { code, output } = await runNpm(['ci', '--no-audit', '--no-fund']);
    if (code !== 0) throw new PrepareError(`${output}\n"npm ci" failed; the reason is above.`);
  }
  writeFileSync(installedMark, `${wanted}\n`);
};

const build = async (say) => {
  const slow = setTimeout(() => say('Building…'), 1_500);
  const { code, output } = await runNode([inRoot('node_modules/typescript7/bin/tsc'), '-b', root]);
  clearTimeout(slow);
  if (code !== 0) throw new PrepareError(`${output}\nThe build failed; the compiler's errors are above.`);
};

const fetchNatsServer = async (say) => {
  if (process.env.NATS_URL) return;
  const { natsServerBinary } = await import(pathToFileURL(inRoot('libs/embedded-servers/dist/index.js')).href);
  await natsServerBinary({ envBinary: process.env.NATS_SERVER_BIN, toolsDir: inRoot('.tools'), path: process.env.PATH, log: say }).catch((error) => {
    throw new PrepareError(error.message, { cause: error });
  });
};

/**
 * Installs the packages when the lock file changed, builds what is stale, and fetches the NATS server
 * unless NATS_URL names a running one. `quiet`: no word about progress. `servers: false`: none is needed.
 */
export const prepare = async ({ quiet = false, servers = true } = {}) => {
  const say = quiet ? () => undefined : (line) => console.error(line);
  checkNode();
  await withLock(say, async () => {
    await installPackages(say);
    await build(say);
    if (servers) await fetchNatsServer(say);
  });
};

/** As {@link prepare}; ends the process with a message when something is wrong. */
export const prepareOrExit = async (options) => {
  try {
    await prepare(options);
  } catch (error) {
    console.error(error instanceof PrepareError ? error.message : error);
    process.exit(1);
  }
};
