import { ApiClient } from './api-client.js';
import { exampleRun, loadExamples, type WaitingRun } from './examples.js';
import { describeStartError, startStandalone, type Standalone } from './standalone.js';
import { onStopSignals } from './stop-signals.js';

const pagesOf = ({ chats }: Standalone): string => Object.entries(chats?.pages ?? {}).map(([name, page]) => `  ${`${name} (stand-in)`.padEnd(22)} ${page}\n`).join('');

const banner = (standalone: Standalone, { run_id, gate }: WaitingRun, seconds: string): string => {
  const { url, paymentsUrl, config } = standalone;
  return `
Countersign is ready (${seconds} s).

  API                    ${url}
  Documentation          ${url}/docs
  Inbox                  ${url}/inbox
  Payments ledger        ${paymentsUrl}/ledger
${pagesOf(standalone)}
A run waits for a signature: ${gate.title}
Press a button in one of the chats, follow the link of the mail, or approve it here:

  curl -X POST ${url}/automations/v2/runs/${run_id}/gate -H 'content-type: application/json' -d '{"decision":"approve"}'

Then see what happened:

  curl ${url}/stateful-runtime/runs/${run_id}/events

Ctrl-C stops everything; the data stay in ${config.COUNTERSIGN_DATA}. Stand-ins begin empty.
`;
};

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
    await standalone.chats?.connect(api, standalone.url);
    await loadExamples(api);
    const waiting = await exampleRun(api);
    process.stdout.write(banner(standalone, waiting, ((performance.now() - startedAt) / 1000).toFixed(1)));
  }
} catch (error) {
  process.stderr.write(`Countersign cannot start: ${describeStartError(error)}\n`);
  process.exit(1);
}
