import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startNats, startPostgres, type NatsHandle, type PostgresHandle } from '@cs/embedded-servers';
import { ensureAuditKeys } from '../audit-keys.js';
import { ensureReceiptKeys } from '../receipt-keys.js';

const root = path.resolve(import.meta.dirname, '../../../..');

export const serviceNames = ['gateway', 'runner', 'approval-gate', 'projector', 'notifier', 'observability'] as const;
export type ServiceName = (typeof serviceNames)[number];

interface ServiceProcess {
  readonly child: ChildProcess;
  readonly readyUrl: string;
}

export interface SystemOptions {
  readonly env?: Readonly<Record<string, string>>;
}

const untilReady = async (url: string, child: ChildProcess, log: string): Promise<void> => {
  for (let attempt = 0; attempt < 1200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`a service ended at start: ${readFileSync(log, 'utf8').slice(-2000)}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await delay(50);
  }
  throw new Error(`${url} did not become ready: ${readFileSync(log, 'utf8').slice(-2000)}`);
};

/** Every service as a process of its own on real servers, each of which can be killed and started again. */
export class System {
  readonly #processes = new Map<string, ServiceProcess>();
  readonly #data = mkdtempSync(path.join(tmpdir(), 'countersign-e2e-'));
  #nats: NatsHandle | undefined;
  #postgres: PostgresHandle | undefined;
  #env: Record<string, string> = {};
  #isStopped = false;
  url = '';
  paymentsUrl = '';

  static async start({ env = {} }: SystemOptions = {}): Promise<System> {
    const system = new System();
    try {
      await system.#start(env);
      return system;
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  get natsUrl(): string {
    return this.#nats?.url ?? '';
  }

  get databaseUrl(): string {
    return this.#postgres?.url ?? '';
  }

  get ledgerFile(): string {
    return path.join(this.#data, 'payments', 'ledger.jsonl');
  }

  async #start(env: Readonly<Record<string, string>>): Promise<void> {
    chmodSync(this.#data, 0o755);
    await Promise.all([this.startNats(await freePort()), this.startPostgres(await freePort())]);
    const [port, paymentsPort] = [await freePort(), await freePort()];
    this.url = `http://127.0.0.1:${port}`;
    this.paymentsUrl = `http://127.0.0.1:${paymentsPort}`;
    this.#env = {
      PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', NATS_URL: this.natsUrl, DATABASE_URL: this.databaseUrl, LOG_LEVEL: 'info', HOST: '127.0.0.1', PORT: String(port),
      COUNTERSIGN_LOCAL_IMPLICIT: 'true', COUNTERSIGN_EGRESS_ALLOW: '127.0.0.0/8', COUNTERSIGN_CHANNEL_HOSTS: '127.0.0.1', COUNTERSIGN_SECRET_PAYMENTS_URL: this.paymentsUrl,
      NOTIFIER_CONSOLE: 'false', RUNNER_LEASE_MS: '2000', COUNTERSIGN_RECEIPT_KEYS_FILE: await ensureReceiptKeys(this.#data), COUNTERSIGN_AUDIT_KEYS_FILE: await ensureAuditKeys(this.#data), ...env,
    };
    await this.#runToEnd('apps/projector/dist/migrate.cli.js');
    await Promise.all([this.startPayments(), ...serviceNames.map((name) => this.startService(name))]);
  }

  async startPayments(): Promise<void> {
    const port = new URL(this.paymentsUrl).port;
    await this.#spawn('payments', { script: 'examples/refund/payments-service.mjs', env: { HOST: '127.0.0.1', PORT: port, LEDGER: this.ledgerFile }, readyUrl: `${this.paymentsUrl}/healthz` });
  }

  /** `as` names one of several processes of a service; `env` is for this process only. */
  async startService(name: ServiceName, { as = name, env = {} }: { readonly as?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<void> {
    const health = await freePort();
    const readyUrl = name === 'gateway' ? `${this.url}/readyz` : `http://127.0.0.1:${health}/readyz`;
    await this.#spawn(as, { script: `apps/${name}/dist/main.js`, env: { ...this.#env, ...(name === 'gateway' ? {} : { HEALTH_PORT: String(health) }), ...env }, readyUrl });
  }

  async startNats(port = Number(new URL(this.natsUrl).port)): Promise<void> {
    this.#refuseWhenStopped();
    this.#nats = await this.#keep(startNats({ dataDir: path.join(this.#data, 'nats'), port, syncInterval: 'always', toolsDir: path.join(root, '.tools'), path: process.env['PATH'] ?? '' }));
  }

  async startPostgres(port = Number(new URL(this.databaseUrl).port)): Promise<void> {
    this.#refuseWhenStopped();
    this.#postgres = await this.#keep(startPostgres({ dataDir: path.join(this.#data, 'postgres'), port, database: 'countersign' }));
  }

  /** `kill -9`, and wait until the process is gone. `name`: a server, or a process by the name it was started as. */
  async kill(name: string): Promise<void> {
    const server = name === 'nats' ? this.#nats : name === 'postgres' ? this.#postgres : undefined;
    if (server) {
      server.kill('SIGKILL');
      await server.exited;
      return;
    }
    await this.#end(name, 'SIGKILL');
  }

  /** `kill -9` at this very moment; does not wait. */
  killNow(name: string): void {
    this.#processes.get(name)?.child.kill('SIGKILL');
  }

  async terminate(name: ServiceName): Promise<number | null> {
    return await this.#end(name, 'SIGTERM');
  }

  log(name: string): string {
    return readFileSync(this.#logFile(name), 'utf8');
  }

  /** What a process tells Prometheus. */
  async metrics(name: string): Promise<string> {
    const url = this.#processes.get(name)?.readyUrl.replace('/readyz', '/metrics');
    if (url === undefined) throw new Error(`${name} does not run`);
    return await (await fetch(url)).text();
  }

  /** Deletes everything that NATS keeps; it must not run. */
  loseNatsData(): void {
    rmSync(path.join(this.#data, 'nats', 'jetstream'), { recursive: true });
  }

  /** Runs a program of the workspace with the environment of the services; answers its exit code and what it wrote. */
  async run(script: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = spawn(process.execPath, [path.join(root, script), ...args], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  /** For good: what a test that failed starts afterwards is ended at once, or it would outlive the tests. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#processes.keys()].map((name) => this.#end(name, 'SIGTERM')));
    await Promise.all([this.#nats?.stop(), this.#postgres?.stop()]);
    if (process.env['COUNTERSIGN_E2E_KEEP'] === undefined) rmSync(this.#data, { recursive: true, force: true });
  }

  #refuseWhenStopped(): void {
    if (this.#isStopped) throw new Error('the system of this test has been stopped');
  }

  async #keep<T extends NatsHandle | PostgresHandle>(starting: Promise<T>): Promise<T> {
    const server = await starting;
    if (this.#isStopped) await server.stop();
    return server;
  }

  #logFile(name: string): string {
    return path.join(this.#data, `${name}.log`);
  }

  async #spawn(name: string, { script, env, readyUrl }: { script: string; env: Record<string, string>; readyUrl: string }): Promise<void> {
    const log = createWriteStream(this.#logFile(name), { flags: 'a' });
    await once(log, 'open');
    this.#refuseWhenStopped();
    const child = spawn(process.execPath, ['--enable-source-maps', path.join(root, script)], { env, stdio: ['ignore', log, log] });
    this.#processes.set(name, { child, readyUrl });
    await untilReady(readyUrl, child, this.#logFile(name));
  }

  async #end(name: string, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#processes.get(name)?.child;
    this.#processes.delete(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  async #runToEnd(script: string): Promise<void> {
    const child = spawn(process.execPath, [path.join(root, script)], { env: this.#env, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${script} ended with ${code}`);
  }
}
