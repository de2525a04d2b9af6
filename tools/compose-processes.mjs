// Runs docker-compose.yml without a container engine: every service as a process of its own, with the
// files, command, user and environment that its container would have, on a NATS server with the shipped
// configuration and a PostgreSQL server. Then runs a command against the gateway, and stops everything.
//   node tools/compose-processes.mjs --run "<command>" [options]
//   --run <command>          run by the shell; sees COUNTERSIGN_URL, COUNTERSIGN_API_KEY (a person),
//                            COUNTERSIGN_APPROVER_KEY (another person), COUNTERSIGN_AGENT_KEY.
//                            Without it the services run until Ctrl-C.
//   --payments               starts the payments service of the refund example as well: automations find
//                            it as secrets.PAYMENTS_URL, the command as PAYMENTS_URL
//   --set <NAME>=<value>     a variable of the compose file, as in .env; repeatable
//   --secret <NAME>=<value>  what secrets.<NAME> is in automations, as in runner.env; repeatable
//   --node <file>            the program that stands for the images' node; default: this one
//   --keep                   keep the folder with logs and data
// Exit code: the command's; 1 when a service did not start, ended by itself, or did not stop in good order.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ComposeStack } from './lib/compose-stack.mjs';

const { values } = parseArgs({
  options: {
    run: { type: 'string' }, payments: { type: 'boolean', default: false }, node: { type: 'string' }, keep: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] }, secret: { type: 'string', multiple: true, default: [] },
  },
});

const pairs = (list) => Object.fromEntries(list.map((text) => [text.split('=')[0], text.slice(text.indexOf('=') + 1)]));
const say = (line) => console.error(line);

const interrupted = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(signal));
});

/** A service outside of the system, so it is none of the compose file's; it is reached over loopback. */
const startPayments = async (folder) => {
  const script = fileURLToPath(new URL('../examples/refund/payments-service.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { env: { PORT: '0', LEDGER: `${folder}/ledger.jsonl` }, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  child.stdout.resume();
  return { url: JSON.parse(line).listening, stop: () => void child.kill('SIGTERM') };
};

const runCommand = async (stack, { paymentsUrl }) => {
  if (!values.run) {
    say(`Ready: ${stack.url}\nAPI keys: operator ${stack.apiKey('operator')}, approver ${stack.apiKey('approver')}\nCtrl-C stops.`);
    await interrupted;
    return 0;
  }
  const env = {
    ...process.env, COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: stack.apiKey('operator'),
    COUNTERSIGN_APPROVER_KEY: stack.apiKey('approver'), COUNTERSIGN_AGENT_KEY: stack.apiKey('agent'), ...(paymentsUrl ? { PAYMENTS_URL: paymentsUrl } : {}),
  };
  const child = spawn(values.run, { shell: true, stdio: 'inherit', env });
  const code = new Promise((resolve) => child.once('exit', (exit) => resolve(exit ?? 1)));
  void interrupted.then((signal) => child.kill(signal));
  return code;
};

const folder = mkdtempSync(path.join(tmpdir(), 'countersign-compose-'));
chmodSync(folder, 0o755);
const payments = values.payments ? await startPayments(folder) : undefined;
const stack = await ComposeStack.create({
  folder, say,
  settings: { ...(payments ? { COUNTERSIGN_EGRESS_ALLOW: '127.0.0.0/8' } : {}), ...pairs(values.set) },
  runnerSecrets: { ...(payments ? { PAYMENTS_URL: payments.url } : {}), ...pairs(values.secret) },
  ...(values.node ? { node: values.node } : {}),
});
const problems = [];
let code = 1;
try {
  await Promise.race([stack.start(), interrupted.then((signal) => Promise.reject(new Error(`interrupted by ${signal}`)))]);
  code = await runCommand(stack, { paymentsUrl: payments?.url });
  problems.push(...stack.unexpectedEnds());
} catch (error) {
  problems.push(error.message);
}
problems.push(...(await stack.stop()));
payments?.stop();
if (problems.length > 0 || code !== 0) say(stack.logs());
for (const problem of new Set(problems)) say(`FAILED ${problem}`);
if (values.keep) say(`Kept: ${folder}`);
else rmSync(folder, { recursive: true, force: true });
process.exit(code === 0 && problems.length > 0 ? 1 : code);
