import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { StartError } from './servers.js';

export interface PaymentsProcess {
  readonly url: string;
  stop(): Promise<void>;
}

interface PaymentsOptions {
  readonly script: string;
  readonly port: number;
  /** The ledger file; kept across starts. */
  readonly ledger: string;
}

const stopBudgetMs = 5000;

/** Starts the payments service of the refund example, as its own process, on loopback. */
export const startPayments = async ({ script, port, ledger }: PaymentsOptions): Promise<PaymentsProcess> => {
  const child = spawn(process.execPath, [script], { env: { ...safeEnvironment, HOST: '127.0.0.1', PORT: String(port), LEDGER: ledger, STOP_WITH_STDIN: 'true' }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const errors: string[] = [];
  child.stderr.on('data', (data: Buffer) => errors.push(data.toString('utf8')));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve((JSON.parse(line) as { listening: string }).listening));
    child.once('exit', () => reject(new StartError(`The payments service of the example did not start: ${errors.join('').trim()} (PAYMENTS_PORT changes its port)`)));
  });
  child.stdout.resume();
  return {
    url,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopBudgetMs);
      await exited;
      clearTimeout(late);
    },
  };
};

/** The service gets nothing of this process's environment: it may hold secrets. */
const safeEnvironment: Readonly<Record<string, string>> = {};
