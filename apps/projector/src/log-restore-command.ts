import { parseArgs } from 'node:util';
import { connectNats, JetStreamLogReader, JetStreamLogRestorer } from '@cs/jetstream';
import { Database, isUnavailable, PostgresProjectionStore } from '@cs/postgres';
import { LogRestore, type LogRestoreProgress } from './log-restore.js';
import { progressLine } from './rebuild-progress.js';
import type { CommandContext } from './rebuild-command.js';
import { TerminalProgress } from './terminal-progress.js';

export const logRestoreUsage = `log:restore

Writes the log in NATS back from the archive in the database: the same commits at the same positions.
Stop the services first. Started again after an interruption it continues. At its end every commit of the
log is compared with the archive.
`;

/** Whether the command line asks for anything but an explanation. Throws on words it does not know. */
export const wantsLogRestore = (words: readonly string[]): boolean => !parseArgs({ args: [...words], options: { help: { type: 'boolean', default: false } } }).values.help;

type LogRestoreContext = Omit<CommandContext, 'auditKeysFile'>;

/** Shows each phase as a bar of its own. */
class PhaseProgress {
  #phase: LogRestoreProgress['phase'] | undefined;
  #startedAt = 0;
  #from = 0;
  #last = '';

  constructor(private readonly terminal: TerminalProgress) {}

  show({ phase, position, target }: LogRestoreProgress): void {
    if (phase !== this.#phase) this.#begin(phase, position);
    const commits = position - this.#from;
    this.#last = progressLine({ position, target, commits, seconds: (performance.now() - this.#startedAt) / 1000 });
    this.terminal.show(this.#last);
  }

  end(): void {
    this.terminal.end(this.#last === '' ? undefined : this.#last);
  }

  #begin(phase: LogRestoreProgress['phase'], position: number): void {
    this.end();
    this.#phase = phase;
    this.#startedAt = performance.now();
    this.#from = phase === 'writing' ? position : 0;
    this.terminal.say(phase === 'writing' ? 'Writing the log from the archive.' : 'Comparing the log with the archive.');
  }
}

const restore = async (database: Database, { natsUrl, terminal, signal }: LogRestoreContext): Promise<void> => {
  const nc = await connectNats({ url: natsUrl, name: 'log-restore' });
  const progress = new PhaseProgress(new TerminalProgress(terminal));
  try {
    const { commits, written } = await new LogRestore({
      archive: new PostgresProjectionStore(database), log: new JetStreamLogRestorer(nc), reader: new JetStreamLogReader(nc, { onError: () => undefined }),
      onProgress: (state) => progress.show(state),
    }).run(signal);
    progress.end();
    terminal.write(`Done: the log has the ${commits} commits of the archive, ${written} of them written now. Start the services.\n`);
  } catch (error) {
    progress.end();
    throw error;
  } finally {
    await nc.close();
  }
};

/** Runs the command; answers its exit code: 0, or 130 when it is to be run again to continue. Throws what made it fail. */
export const logRestoreCommand = async (context: LogRestoreContext): Promise<number> => {
  const database = new Database({ url: context.databaseUrl, name: 'log-restore', poolSize: 2 });
  try {
    await restore(database, context);
    return 0;
  } catch (error) {
    if (!context.signal.aborted && !isUnavailable(error)) throw error;
    context.terminal.write(`Interrupted: ${error instanceof Error ? error.message : String(error)}. Services do not start until the log is whole; start the command again to continue.\n`);
    return 130;
  } finally {
    await database.close();
  }
};
