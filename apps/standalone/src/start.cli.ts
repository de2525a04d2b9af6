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

const startedAt = performance.now();
try {
  const standalone = await startStandalone();
  onStopSignals(() => standalone.stop());
  const api = new ApiClient({ url: standalone.url, key: process.env['COUNTERSIGN_API_KEY'] });
  await loadExamples(api);
  const waiting = await exampleRun(api);
  process.stdout.write(banner(standalone, waiting, ((performance.now() - startedAt) / 1000).toFixed(1)));
} catch (error) {
  process.stderr.write(`Countersign cannot start: ${describeStartError(error)}\n`);
  process.exit(1);
}
