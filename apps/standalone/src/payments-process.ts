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

/** The service names its own variable of the port; here it has another name. */
const startError = (port: number, said: string): StartError =>
  new StartError(said.includes(`PORT ${port} `) && said.includes('is taken')
    ? `Port ${port} for the payments service of the example is taken. Set PAYMENTS_PORT to a free port, or stop what uses it.`
    : `The payments service of the example did not start: ${said}`);

/** Starts the payments service of the refund example, as its own process, on loopback. */
export const startPayments = async ({ script, port, ledger }: PaymentsOptions): Promise<PaymentsProcess> => {
  const child = spawn(process.execPath, [script], { env: { ...safeEnvironment, HOST: '127.0.0.1', PORT: String(port), LEDGER: ledger, STOP_WITH_STDIN: 'true' }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const errors: string[] = [];
  child.stderr.on('data', (data: Buffer) => errors.push(data.toString('utf8')));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve((JSON.parse(line) as { listening: string }).listening));
    child.once('close', () => reject(startError(port, errors.join('').trim())));
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
