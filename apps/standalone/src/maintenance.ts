import { loadConfig } from '@cs/platform';
import { stopSignal } from '@cs/projector';
import { ensureAuditKeys } from './audit-keys.js';
import { readEnvironment, standaloneConfigSchema } from './config.js';
import { maintenanceServers } from './maintenance-servers.js';
import { describeStartError } from './standalone.js';

/** What a command of an operator works on and writes to. */
interface Maintenance {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly auditKeysFile: string;
  readonly terminal: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

const onServers = async (work: (maintenance: Maintenance) => Promise<number>): Promise<number> => {
  const environment = readEnvironment();
  const config = loadConfig(standaloneConfigSchema, environment);
  const auditKeysFile = environment['COUNTERSIGN_AUDIT_KEYS_FILE'] ?? (await ensureAuditKeys(config.COUNTERSIGN_DATA));
  const servers = await maintenanceServers(config, environment);
  try {
    return await work({ natsUrl: servers.natsUrl, databaseUrl: servers.databaseUrl, auditKeysFile, terminal: process.stderr, signal: stopSignal() });
  } finally {
    await servers.stop();
  }
};

/**
 * Runs a command on the servers that run, or on those of the data folder, and sets the exit code of the
 * process. `prepare` reads the command line: `undefined` explains the command instead.
 */
export const runMaintenance = async <Arguments>(
  name: string,
  { usage, prepare, run }: { readonly usage: string; readonly prepare: (words: readonly string[]) => Arguments | undefined; readonly run: (wanted: Arguments, maintenance: Maintenance) => Promise<number> },
): Promise<void> => {
  try {
    const wanted = prepare(process.argv.slice(2));
    if (wanted === undefined) process.stdout.write(`npm run ${usage}`);
    else process.exitCode = await onServers((maintenance) => run(wanted, maintenance));
  } catch (error) {
    process.stderr.write(`${name}: ${describeStartError(error)}\n`);
    process.exitCode = 1;
  }
};
