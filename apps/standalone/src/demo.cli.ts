import { mkdtemp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient } from './api-client.js';
import { runDemo, type DemoReport } from './demo.js';
import { describeStartError, startStandalone } from './standalone.js';
import { onStopSignals } from './stop-signals.js';

const usage = `npm run demo [-- --ask] [--url URL]
  --ask        ask for the decision instead of approving
  --url URL    run against a system that is up, instead of a throw-away one
               (COUNTERSIGN_API_KEY asks, COUNTERSIGN_APPROVER_KEY approves, PAYMENTS_URL is the payments service)
`;

const ask = async (question: string): Promise<string> => {
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await prompt.question(question);
  } finally {
    prompt.close();
  }
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const demoOn = async (url: string, { paymentsUrl, asking }: { paymentsUrl: string; asking: boolean }): Promise<DemoReport> => {
  const requester = new ApiClient({ url, key: process.env['COUNTERSIGN_API_KEY'] });
  const approver = new ApiClient({ url, key: process.env['COUNTERSIGN_APPROVER_KEY'] ?? process.env['COUNTERSIGN_API_KEY'] });
  return await runDemo({ requester, approver, paymentsUrl, print, decide: asking ? (gate) => ask(`Your decision (${gate.decisions.join(', ')}): `) : () => Promise.resolve('approve') });
};

/** A throw-away system on free ports, gone afterwards. */
const onThrowAway = async (asking: boolean): Promise<DemoReport> => {
  const data = await mkdtemp(path.join(tmpdir(), 'countersign-demo-'));
  print('Starting a throw-away Countersign …');
  const standalone = await startStandalone({ COUNTERSIGN_DATA: data, NATS_URL: '', DATABASE_URL: '', PORT: '0', PAYMENTS_PORT: '0', COUNTERSIGN_CHAT_DOUBLES: 'false', COUNTERSIGN_NATS_PORT: '0', COUNTERSIGN_POSTGRES_PORT: '0', NOTIFIER_CONSOLE: 'false', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'error' });
  const stop = async (): Promise<void> => {
    await standalone.stop();
    await rm(data, { recursive: true, force: true });
  };
  onStopSignals(stop);
  try {
    return await demoOn(standalone.url, { paymentsUrl: standalone.paymentsUrl, asking });
  } finally {
    await stop();
  }
};

try {
  const { values } = parseArgs({ options: { ask: { type: 'boolean', default: false }, url: { type: 'string' }, help: { type: 'boolean', default: false } } });
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const startedAt = performance.now();
  const report = values.url === undefined ? await onThrowAway(values.ask) : await demoOn(values.url, { paymentsUrl: process.env['PAYMENTS_URL'] ?? 'http://127.0.0.1:4500', asking: values.ask });
  print(`${report.summary} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`The demo failed: ${describeStartError(error)}\n`);
  process.exit(1);
}
