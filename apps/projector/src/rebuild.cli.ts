import { readProjectorConfig } from './config.js';
import { readRebuildArguments, rebuildCommand, rebuildUsage } from './rebuild-command.js';
import { stopSignal } from './stop-signal.js';

/* Builds the projections again, with the addresses of the projector's environment. */

const main = async (): Promise<number> => {
  const wanted = readRebuildArguments(process.argv.slice(2));
  if (wanted === undefined) {
    process.stdout.write(rebuildUsage);
    return 0;
  }
  const { NATS_URL: natsUrl, DATABASE_URL: databaseUrl, COUNTERSIGN_AUDIT_KEYS_FILE: auditKeysFile } = readProjectorConfig();
  return rebuildCommand(wanted, { natsUrl, databaseUrl, auditKeysFile, terminal: process.stderr, signal: stopSignal() });
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`rebuild: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
