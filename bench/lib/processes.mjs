// Starts the system under test as real processes, and reads what each of them used.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, chmodSync, createWriteStream, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startEmbeddedServers } from '@cs/embedded-servers';

const root = path.resolve(import.meta.dirname, '../..');
const clockTicksPerSecond = 100;

/** The flags with which the image of a service starts it. */
const imageFlags = (name) => {
  const command = new RegExp(`^FROM runtime AS ${name}$[^]*?^CMD (\\[.*\\])$`, 'm').exec(readFileSync(path.join(root, 'Dockerfile'), 'utf8'))?.[1];
  if (command === undefined) throw new Error(`the Dockerfile says no command for ${name}`);
  return JSON.parse(command).filter((word) => word.startsWith('--'));
};

export const services = ['gateway', 'runner', 'approval-gate', 'projector', 'notifier', 'observability'];

/** CPU seconds and resident memory of a process and its children, from /proc; nothing where there is none. */
export const usageOf = (pid, { children = false } = {}) => {
  try {
    return children ? usageWithChildren(pid) : readUsage(pid);
  } catch {
    return { cpu: 0, rssMb: 0 };
  }
};

const childrenOf = (pid) => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((candidate) => parentOf(candidate) === pid);
const usageIfAlive = (pid) => {
  try {
    return [readUsage(pid)];
  } catch {
    return [];
  }
};

/** A child that ends meanwhile is counted by its parent from then on, and would be missed or counted twice: then everyone is read again. */
const usageWithChildren = (pid) => {
  const children = childrenOf(pid);
  const usages = [...children.flatMap(usageIfAlive), readUsage(pid)];
  if (childrenOf(pid).join() !== children.join()) return usageWithChildren(pid);
  return usages.reduce((sum, usage) => ({ cpu: sum.cpu + usage.cpu, rssMb: sum.rssMb + usage.rssMb }));
};

/** What each of `count` cost, from one reading of the processes to another: CPU time depends little on what else the machine does. */
export const cpuSince = (before, after, count) => `CPU in ms each: ${[...after].map(([name, { cpu }]) => `${name} ${(((cpu - before.get(name).cpu) * 1000) / count).toFixed(2)}`).join(', ')}`;

const fields = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
const parentOf = (pid) => {
  try {
    return Number(fields(pid)[1]);
  } catch {
    return -1;
  }
};
const readUsage = (pid) => {
  const stat = fields(pid);
  // User and system time of the process, and of its children that ended (Postgres ends its backends).
  const cpu = (Number(stat[11]) + Number(stat[12]) + Number(stat[13]) + Number(stat[14])) / clockTicksPerSecond;
  const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return { cpu, rssMb: Number(pss ?? 0) / 1024 };
};

const untilReady = async (url, child, log) => {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`a service ended at start; see ${log}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await delay(50);
  }
  throw new Error(`${url} did not become ready; see ${log}`);
};

/**
 * @param {{ mode: 'processes' | 'standalone', sync: string, profile?: string, env?: Record<string, string>, heaps?: boolean, only?: readonly string[] }} options `heaps`: services can be asked what their heaps hold; `only`: which services there are as processes, all by default
 */
export const startSystem = async ({ mode, sync, profile, env: extra = {}, heaps = false, only = services }) => {
  const data = mkdtempSync(path.join(tmpdir(), 'countersign-bench-'));
  chmodSync(data, 0o755);
  const servers = await startEmbeddedServers({
    dataDir: data, natsPort: 0, postgresPort: 0, syncInterval: sync, durable: true, toolsDir: path.join(root, '.tools'), path: process.env.PATH,
  });
  const port = await freePort();
  const env = {
    PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', NATS_URL: servers.nats.url, DATABASE_URL: servers.postgres.url, LOG_LEVEL: 'warn', HOST: '127.0.0.1', PORT: String(port),
    COUNTERSIGN_LOCAL_IMPLICIT: 'true', COUNTERSIGN_EGRESS_ALLOW: '127.0.0.0/8', NOTIFIER_CONSOLE: 'false', ...(process.env.BENCH_NODE_OPTIONS ? { NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS } : {}), ...extra,
  };
  const url = `http://127.0.0.1:${port}`;
  const running = new Map();
  const start = async (name, script, readyUrl, own = {}) => {
    const log = path.join(data, `${name}.log`);
    const flags = [...(services.includes(name) ? imageFlags(name) : ['--enable-source-maps']), ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${path.join(profile, name)}`] : []), ...(heaps ? ['--import', path.join(import.meta.dirname, 'heap-report.mjs')] : [])];
    if (profile) mkdirSync(path.join(profile, name), { recursive: true });
    const child = spawn(process.execPath, [...flags, path.join(root, script)], { env: { ...env, ...own }, stdio: ['ignore', 'pipe', 'pipe', ...(heaps ? ['ipc'] : [])] });
    const file = createWriteStream(log, { flags: 'a' });
    child.stdout.pipe(file);
    child.stderr.pipe(file);
    running.set(name, { child, log, restart: () => start(name, script, readyUrl, own) });
    if (readyUrl) await untilReady(readyUrl, child, log);
  };
  await runToEnd(path.join(root, 'apps/projector/dist/migrate.cli.js'), env);
  if (mode === 'standalone') await start('countersign', 'apps/standalone/dist/main.js', `${url}/readyz`);
  else {
    await Promise.all(only.map(async (name) => {
      const health = await freePort();
      await start(name, `apps/${name}/dist/main.js`, name === 'gateway' ? `${url}/readyz` : `http://127.0.0.1:${health}/readyz`, name === 'gateway' ? {} : { HEALTH_PORT: String(health) });
    }));
  }
  const stop = async () => {
    await Promise.all([...running.values()].map(({ child }) => stopChild(child)));
    await servers.stop();
    rmSync(data, { recursive: true, force: true });
  };
  const usage = () => new Map([
    ...[...running].map(([name, { child }]) => [name, usageOf(child.pid)]),
    ['nats', usageOf(servers.nats.pid)],
    ['postgres', usageOf(servers.postgres.pid, { children: true })],
  ]);
  /** Megabytes that each service's heap holds after a collection, with what it keeps outside of it. */
  const retained = async () => Object.fromEntries(await Promise.all([...running].map(async ([name, { child }]) => {
    child.send('heap');
    const [{ heapMb }] = await once(child, 'message');
    return [name, Math.round(heapMb)];
  })));
  return { url, data, servers, running, start, stop, usage, retained };
};

const runToEnd = (script, env) => new Promise((resolve, reject) => {
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${script} ended with ${code}`))));
});

const stopChild = async (child) => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([exited, delay(20_000).then(() => child.kill('SIGKILL'))]);
};
