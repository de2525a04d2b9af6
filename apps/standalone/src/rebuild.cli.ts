import { loadConfig } from '@cs/platform';
import { readRebuildArguments, rebuildCommand, rebuildUsage, stopSignal } from '@cs/projector';
import { ensureAuditKeys } from './audit-keys.js';
import { readEnvironment, standaloneConfigSchema } from './config.js';
import { maintenanceServers } from './maintenance-servers.js';
import { describeStartError } from './standalone.js';

/* npm run rebuild: on the servers that run, or on those of the data folder. */

const main = async (): Promise<number> => {
  const wanted = readRebuildArguments(process.argv.slice(2));
  if (wanted === undefined) {
    process.stdout.write(`npm run rebuild -- ${rebuildUsage}`);
    return 0;
  }
  const environment = readEnvironment();
  const config = loadConfig(standaloneConfigSchema, environment);
  const auditKeysFile = environment['COUNTERSIGN_AUDIT_KEYS_FILE'] ?? (await ensureAuditKeys(config.COUNTERSIGN_DATA));
  const servers = await maintenanceServers(config, environment);
  try {
    return await rebuildCommand(wanted, { natsUrl: servers.natsUrl, databaseUrl: servers.databaseUrl, auditKeysFile, terminal: process.stderr, signal: stopSignal() });
  } finally {
    await servers.stop();
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`rebuild: ${describeStartError(error)}\n`);
  process.exitCode = 1;
}
