import { readProjectorConfig } from './config.js';
import { logRestoreCommand, logRestoreUsage, wantsLogRestore } from './log-restore-command.js';
import { stopSignal } from './stop-signal.js';

/* Writes the log back from the archive, with the addresses of the projector's environment. */

const main = async (): Promise<number> => {
  if (!wantsLogRestore(process.argv.slice(2))) {
    process.stdout.write(logRestoreUsage);
    return 0;
  }
  const { NATS_URL: natsUrl, DATABASE_URL: databaseUrl } = readProjectorConfig();
  return logRestoreCommand({ natsUrl, databaseUrl, terminal: process.stderr, signal: stopSignal() });
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`log:restore: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
