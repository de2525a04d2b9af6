import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { connectNats } from '@cs/jetstream';
import { loadConfig } from '@cs/platform';
import { Database, migrate } from '@cs/postgres';
import { refuseLostLog } from '@cs/projector';
import { ensureAuditKeys } from './audit-keys.js';
import { chatDoubles, type ChatDoubles } from './chat-doubles.js';
import { giveChannelSecrets, giveSecret, localDefaults, readEnvironment, standaloneConfigSchema, type Environment, type StandaloneConfig } from './config.js';
import { ensureReceiptKeys } from './receipt-keys.js';
import { startPayments } from './payments-process.js';
import { runServices } from './run-standalone.js';
import { startServers, type Servers } from './servers.js';
import { webhookKey } from './webhook-key.js';
import { workspacePaths } from './workspace-paths.js';

export interface Standalone {
  readonly url: string;
  readonly paymentsUrl: string;
  /** Stand-ins for chats, which `connect` makes channels; absent where they are not wanted. */
  readonly chats?: ChatDoubles;
  readonly config: StandaloneConfig;
  stop(): Promise<void>;
}

type Stoppable = { stop(): Promise<void> };

/** Stops in the reverse order of starting, each one also when another failed. */
const stopAll = async (started: readonly Stoppable[]): Promise<void> => {
  const failures: unknown[] = [];
  for (const part of [...started].reverse()) await part.stop().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, 'not everything stopped cleanly');
};

/** Brings the database to this release, and refuses a log that has lost what the database knows. */
const prepareStores = async ({ natsUrl, databaseUrl }: Servers): Promise<void> => {
  const database = new Database({ url: databaseUrl, name: 'migrate' });
  const nc = await connectNats({ url: natsUrl, name: 'migrate' });
  try {
    await migrate(database);
    await refuseLostLog(database, nc);
  } finally {
    await Promise.all([database.close(), nc.close()]);
  }
};

const startChats = async (config: StandaloneConfig, environment: Environment, started: Stoppable[]): Promise<Pick<Standalone, 'chats'>> => {
  const chats = await chatDoubles(config, environment);
  if (chats === undefined) return {};
  started.push(chats);
  giveChannelSecrets(chats.secrets);
  return { chats };
};

/** The stand-ins beside what is allowed already. */
const hostsOfChats = ({ COUNTERSIGN_CHANNEL_HOSTS: allowed = '' }: Environment, chats: Standalone['chats']): Environment => (chats === undefined ? {} : { COUNTERSIGN_CHANNEL_HOSTS: `${allowed},${chats.host}` });

/** Everything of `npm start`: servers, the example's payments service, and all services in this process. */
export const startStandalone = async (overrides: Readonly<Record<string, string>> = {}): Promise<Standalone> => {
  const environment: Environment = { ...readEnvironment(), ...overrides };
  const config = loadConfig(standaloneConfigSchema, environment);
  await mkdir(config.COUNTERSIGN_DATA, { recursive: true });
  const started: Stoppable[] = [];
  const keep = <Part extends Stoppable>(part: Part): Part => {
    started.push(part);
    return part;
  };
  try {
    const servers = keep(await startServers(config, { environment, toolsDir: workspacePaths.tools }));
    await prepareStores(servers);
    const payments = keep(await startPayments({ script: workspacePaths.paymentsScript, port: config.PAYMENTS_PORT, ledger: path.resolve(config.COUNTERSIGN_DATA, 'payments', 'ledger.jsonl') }));
    giveSecret('PAYMENTS_URL', payments.url);
    const chats = await startChats(config, environment, started);
    const services = keep(await runServices({
      ...(await webhookKey(config.COUNTERSIGN_DATA)), ...localDefaults(environment), ...hostsOfChats(environment, chats.chats), NATS_URL: servers.natsUrl, DATABASE_URL: servers.databaseUrl, HOST: config.HOST, PORT: String(config.PORT), LOG_LEVEL: config.LOG_LEVEL,
      PUBLIC_URL: environment['PUBLIC_URL'] ?? `http://${config.HOST}:${config.PORT}`,
      COUNTERSIGN_RECEIPT_KEYS_FILE: environment['COUNTERSIGN_RECEIPT_KEYS_FILE'] ?? (await ensureReceiptKeys(config.COUNTERSIGN_DATA)),
      COUNTERSIGN_AUDIT_KEYS_FILE: environment['COUNTERSIGN_AUDIT_KEYS_FILE'] ?? (await ensureAuditKeys(config.COUNTERSIGN_DATA)),
    }));
    return { url: services.url, paymentsUrl: payments.url, config, ...chats, stop: () => stopAll(started) };
  } catch (error) {
    await stopAll(started).catch(() => undefined);
    throw error;
  }
};

const expectedErrors: ReadonlySet<string> = new Set(['StartError', 'ConfigError', 'ServerUnavailableError', 'ServerStartError', 'ApiProblem', 'LogLostError']);

/** What a person needs to see of a failed start: our own messages as they are, the rest with its stack. */
export const describeStartError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const expected = expectedErrors.has(error.name) || error.message.includes('is taken');
  return expected ? error.message : (error.stack ?? error.message);
};
