import { parseArgs } from 'node:util';
import type { RowDifference } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { openAuditKeys } from '@cs/platform';
import { Database, type GenerationSource } from '@cs/postgres';
import { progressLine } from './rebuild-progress.js';
import { RebuildInterruptedError, runDriftCheck, runRebuild, type RunRebuildOptions } from './run-rebuild.js';
import { TerminalProgress, type Terminal } from './terminal-progress.js';

export const rebuildUsage = `rebuild -- [--from archive|log] [--anew] [--check]

Builds the projections again beside those in use, then switches in one transaction. Nothing has to stop.
Started again after an interruption it continues.

  --from archive   from the archive in the database (default)
  --from log       from the log in NATS; the archive is made anew too
  --anew           do not continue what was interrupted
  --check          switch nothing: compare the projections with what the source leads to, print each
                   difference, and end with 2 when there is one
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
  readonly check: boolean;
}

/** What the command line asks for; `undefined` when it is to be explained instead. Throws on words it does not know. */
export const readRebuildArguments = (words: readonly string[]): RebuildArguments | undefined => {
  const { values } = parseArgs({
    args: [...words],
    options: { from: { type: 'string', default: 'archive' }, anew: { type: 'boolean', default: false }, check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.from !== 'archive' && values.from !== 'log') throw new Error(`--from ${values.from}: expected "archive" or "log"`);
  return values.help ? undefined : { from: values.from, anew: values.anew, check: values.check };
};

const beginning = (from: GenerationSource, how: 'begun' | 'continued'): string =>
  how === 'begun' ? `A new generation of the projections is built from the ${from}.` : `The rebuild from the ${from} that was interrupted is continued.`;

/** Differences that are printed; all are counted. */
const shownDifferences = 100;

const textOf = (value: Json | undefined): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
};

/** One line for a person: where, and what it is instead of what. */
export const differenceLine = ({ table, key, kind, path, projected, replayed }: RowDifference): string => {
  const row = `${table} ${Object.values(key).filter((part) => part !== '').join('/')}`;
  if (kind === 'missing') return `${row}: is missing`;
  return kind === 'unexpected' ? `${row}: nothing leads to it` : `${row} ${path}: ${textOf(projected)} instead of ${textOf(replayed)}`;
};

type Run = Omit<RunRebuildOptions, 'anew'>;

const rebuild = async (run: Run, { anew, terminal }: { readonly anew: boolean; readonly terminal: Terminal }): Promise<number> => {
  const position = await runRebuild({ ...run, anew });
  terminal.write(`Done: the new generation is in use, at position ${position}.\n`);
  return 0;
};

const check = async (run: Run, progress: TerminalProgress, terminal: Terminal): Promise<number> => {
  let shown = 0;
  const differences = await runDriftCheck(run, (difference) => {
    if (shown < shownDifferences) progress.say(differenceLine(difference));
    shown += 1;
  });
  progress.end();
  terminal.write(differences === 0 ? `Done: the projections are what the ${run.from} leads to.\n` : `Done: ${differences} values differ. A rebuild repairs them.\n`);
  return differences === 0 ? 0 : 2;
};

/**
 * Runs the command; answers its exit code: 0, 2 when a check found differences, or 130 when a rebuild can be
 * continued. Throws what made it fail.
 */
export const rebuildCommand = async (wanted: RebuildArguments, { natsUrl, databaseUrl, auditKeysFile, terminal, signal }: CommandContext): Promise<number> => {
  const auditKeys = await openAuditKeys(auditKeysFile);
  const database = new Database({ url: databaseUrl, name: 'rebuild', poolSize: 4, statementTimeoutMs: 300_000, settings: { synchronous_commit: 'off' } });
  const progress = new TerminalProgress(terminal);
  const run: Run = {
    database, natsUrl, auditKeys, signal, from: wanted.from,
    onBegin: (how) => progress.say(beginning(wanted.from, how)),
    onProgress: (state) => (state.position >= state.target ? progress.end(progressLine(state)) : progress.show(progressLine(state))),
    onSetAside: (at, reason) => progress.say(`commit ${at} is set aside: ${reason}`),
  };
  try {
    return await (wanted.check ? check(run, progress, terminal) : rebuild(run, { anew: wanted.anew, terminal }));
  } catch (error) {
    progress.end();
    if (!(error instanceof RebuildInterruptedError)) throw error;
    terminal.write(`Interrupted: ${error.message}. What was built is kept and used by nobody; start the command again to continue.\n`);
    return 130;
  } finally {
    await database.close();
  }
};
