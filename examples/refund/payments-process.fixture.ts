import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const service = path.join(import.meta.dirname, 'payments-service.mjs');
const PATIENCE_MS = 10_000;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly key?: string;
  readonly signal?: AbortSignal;
}

export interface PaymentsProcess {
  readonly url: string;
  readonly call: (method: string, path: string, options?: RequestOptions) => Promise<Reply>;
  /** Ends this process and waits until it is gone; answers its exit code, null when the signal ended it. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

const spawnService = (env: Readonly<Record<string, string>>): { child: ChildProcess; errors: () => string } => {
  const child = spawn(process.execPath, [service], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  return { child, errors: () => errors.join('') };
};

const readListening = async (child: ChildProcess): Promise<string> => {
  if (!child.stdout) throw new Error('the process has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const ready: unknown = JSON.parse(line);
    if (typeof ready === 'object' && ready !== null && 'listening' in ready) return String(ready.listening);
  }
  throw new Error('the process ended without listening');
};

const stopProcess = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
};

/** Starts the service on a free port and waits until it answers. */
export const startPayments = async (ledger: string): Promise<PaymentsProcess> => {
  const { child, errors } = spawnService({ HOST: '127.0.0.1', PORT: '0', LEDGER: ledger });
  const url = await readListening(child).catch((cause: unknown) => {
    throw new Error(`the payments service did not start: ${errors()}`, { cause });
  });
  return {
    url,
    call: async (method, target, { body, key, signal } = {}) => {
      const response = await fetch(new URL(target, url), {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(key === undefined ? {} : { 'idempotency-key': key }) },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    stop: (signal = 'SIGTERM') => stopProcess(child, signal),
  };
};

/** Starts the service where it cannot start, and answers how it ended. */
export const failToStart = async (env: Readonly<Record<string, string>>): Promise<{ code: number | null; errors: string }> => {
  const { child, errors } = spawnService(env);
  await once(child, 'close');
  return { code: child.exitCode, errors: errors() };
};

/** Asks again until the answer is the one waited for. */
export const until = async <T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> => {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`still waiting; last seen: ${JSON.stringify(value)}`);
    await delay(5);
  }
};
