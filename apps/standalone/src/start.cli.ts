import { ApiClient } from './api-client.js';
import { exampleRun, loadExamples, type WaitingRun } from './examples.js';
import { describeStartError, startStandalone, type Standalone } from './standalone.js';
import { onStopSignals } from './stop-signals.js';

const banner = ({ url, paymentsUrl, config }: Standalone, { run_id, gate }: WaitingRun, seconds: string): string => `
Countersign is ready (${seconds} s).

  API              ${url}
  Documentation    ${url}/docs
  Payments ledger  ${paymentsUrl}/ledger

A run waits for a signature: ${gate.title}
Approve it:

  curl -X POST ${url}/automations/v2/runs/${run_id}/gate -H 'content-type: application/json' -d '{"decision":"approve"}'

Then see what happened:

  curl ${url}/stateful-runtime/runs/${run_id}/events

Ctrl-C stops everything; the data stay in ${config.COUNTERSIGN_DATA}.
`;

const withoutExamples = ({ url }: Standalone): string => `
Countersign is ready.

  API              ${url}
  Documentation    ${url}/docs

API keys are required here (COUNTERSIGN_API_KEYS_FILE). Set COUNTERSIGN_API_KEY to one of them to load the
example automations at start.

Ctrl-C stops everything.
`;

const startedAt = performance.now();
try {
  const standalone = await startStandalone();
  onStopSignals(() => standalone.stop());
  const { COUNTERSIGN_API_KEY: key, COUNTERSIGN_API_KEYS_FILE: keysFile } = standalone.config;
  if (keysFile !== undefined && key === undefined) process.stdout.write(withoutExamples(standalone));
  else {
    const api = new ApiClient({ url: standalone.url, key });
    await api.untilReady(15_000);
    await loadExamples(api);
    const waiting = await exampleRun(api);
    process.stdout.write(banner(standalone, waiting, ((performance.now() - startedAt) / 1000).toFixed(1)));
  }
} catch (error) {
  process.stderr.write(`Countersign cannot start: ${describeStartError(error)}\n`);
  process.exit(1);
}
