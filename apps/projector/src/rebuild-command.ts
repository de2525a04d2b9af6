import { parseArgs } from 'node:util';
import { openAuditKeys } from '@cs/platform';
import { Database, type GenerationSource } from '@cs/postgres';
import { progressLine, type RebuildProgress } from './rebuild-progress.js';
import { RebuildInterruptedError, runRebuild } from './run-rebuild.js';
import { TerminalProgress, type Terminal } from './terminal-progress.js';

export const rebuildUsage = `rebuild -- [--from archive|log] [--anew]

Builds the projections again beside those in use, then switches in one transaction. Nothing has to stop.
Started again after an interruption it continues.

  --from archive   from the archive in the database (default)
  --from log       from the log in NATS; the archive is made anew too
  --anew           do not continue what was interrupted
`;

export interface CommandContext {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** The keys that signed the audit; absent when none did. */
  readonly auditKeysFile: string | undefined;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

export interface RebuildArguments {
  readonly from: GenerationSource;
  readonly anew: boolean;
}

/** What the command line asks for; `undefined` when it is to be explained instead. Throws on words it does not know. */
export const readRebuildArguments = (words: readonly string[]): RebuildArguments | undefined => {
  const { values } = parseArgs({
    args: [...words],
    options: { from: { type: 'string', default: 'archive' }, anew: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.from !== 'archive' && values.from !== 'log') throw new Error(`--from ${values.from}: expected "archive" or "log"`);
  return values.help ? undefined : { from: values.from, anew: values.anew };
};

const beginning = (from: GenerationSource, how: 'begun' | 'continued'): string =>
  how === 'begun' ? `A new generation of the projections is built from the ${from}.` : `The rebuild from the ${from} that was interrupted is continued.`;

/** Runs the command; answers its exit code: 0, or 130 when it can be continued. Throws what made it fail. */
export const rebuildCommand = async ({ from, anew }: RebuildArguments, { natsUrl, databaseUrl, auditKeysFile, terminal, signal }: CommandContext): Promise<number> => {
  const auditKeys = await openAuditKeys(auditKeysFile);
  const database = new Database({ url: databaseUrl, name: 'rebuild', poolSize: 4, statementTimeoutMs: 300_000, settings: { synchronous_commit: 'off' } });
  const progress = new TerminalProgress(terminal);
  let last: RebuildProgress | undefined;
  try {
    const position = await runRebuild({
      database, natsUrl, from, anew, auditKeys, signal,
      onBegin: (how) => progress.say(beginning(from, how)),
      onProgress: (state) => {
        last = state;
        progress.show(progressLine(state));
      },
      onSetAside: (at, reason) => progress.say(`commit ${at} is set aside: ${reason}`),
    });
    progress.end(last && progressLine(last));
    terminal.write(`Done: the new generation is in use, at position ${position}.\n`);
    return 0;
  } catch (error) {
    progress.end();
    if (!(error instanceof RebuildInterruptedError)) throw error;
    terminal.write(`Interrupted: ${error.message}. What was built is kept and used by nobody; start the command again to continue.\n`);
    return 130;
  } finally {
    await database.close();
  }
};
