import type { LogEntry, LogReader } from '@cs/eventing';
import type { JetStreamLogRestorer, RestoredCommit } from '@cs/jetstream';
import { noPosition, toPosition, type Position } from '@cs/kernel';
import type { ArchiveRow, ProjectionStore } from '@cs/read-models';

export interface LogRestoreOptions {
  readonly archive: Pick<ProjectionStore, 'archived' | 'progress'>;
  readonly log: Pick<JetStreamLogRestorer, 'begin' | 'append' | 'finish'>;
  /** Reads the log that is being restored. */
  readonly reader: LogReader;
  readonly onProgress: (progress: LogRestoreProgress) => void;
}

export interface LogRestoreProgress {
  readonly phase: 'writing' | 'verifying';
  readonly position: number;
  readonly target: number;
}

export interface LogRestored {
  /** Commits that the log and the archive have alike. */
  readonly commits: number;
  /** Of them, those that this run wrote. */
  readonly written: number;
}

/** The archive cannot give the log back: it is empty, or lacks a commit. */
export class ArchiveIncompleteError extends Error {
  override readonly name = 'ArchiveIncompleteError';
}

/** The log has another commit at a position than the archive: it was written to after it was lost, or belongs to another database. */
export class LogDiffersError extends Error {
  override readonly name = 'LogDiffersError';
  constructor(position: number) {
    super(`commit ${position} of the log is not the one of the archive: something was written to the log after it was lost, or it belongs to another database. `
      + 'Keep a copy of the data of NATS, empty its data folder, and restore again');
  }
}

const archivePage = 500;
const readAtATime = 1000;

const isSame = (entry: LogEntry | undefined, row: ArchiveRow | undefined): boolean =>
  entry !== undefined && row !== undefined && entry.position === row.position && entry.subject === row.subject && entry.body === row.body;

/**
 * Writes the log back from the archive: the same messages at the same positions, so that everything that
 * names a position still names the same commit. It continues behind what the log has already, and at its
 * end it compares every commit of the log with the archive.
 */
export class LogRestore {
  readonly #options: LogRestoreOptions;

  constructor(options: LogRestoreOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<LogRestored> {
    const { archive, log } = this.#options;
    const { projected: end } = await archive.progress();
    if (end === noPosition) throw new ArchiveIncompleteError('the archive of this database is empty: there is nothing to restore the log from');
    const { position, isContinued } = await log.begin();
    await this.#checkBeginning(toPosition(Math.min(position, end)), isContinued);
    await this.#write(position, { end, signal });
    await this.#verify(end, signal);
    await log.finish();
    return { commits: end, written: Math.max(0, end - position) };
  }

  /** Nothing is written behind what the archive does not know; a log that was nobody's to restore is left as it was. */
  async #checkBeginning(position: Position, isContinued: boolean): Promise<void> {
    if (position === noPosition) return;
    const [row] = await this.#options.archive.archived(position, 1);
    if (isSame(await this.#entryAt(position), row)) return;
    if (!isContinued) await this.#options.log.finish();
    throw new LogDiffersError(position);
  }

  async #entryAt(position: Position): Promise<LogEntry | undefined> {
    const stop = new AbortController();
    for await (const [entry] of this.#options.reader.batches(toPosition(position - 1), { maxEntries: 1, signal: stop.signal })) return entry;
    return undefined;
  }

  async #write(after: Position, { end, signal }: { readonly end: Position; readonly signal: AbortSignal }): Promise<void> {
    let position: number = after;
    while (position < end) {
      signal.throwIfAborted();
      const rows = await this.#rows(position, end);
      await this.#options.log.append(rows.map((row): RestoredCommit => ({ position: row.position, subject: row.subject, body: row.body, problem: row.problem })));
      position += rows.length;
      this.#options.onProgress({ phase: 'writing', position, target: end });
    }
  }

  async #verify(end: Position, signal: AbortSignal): Promise<void> {
    let position = 0;
    for await (const batch of this.#options.reader.batches(noPosition, { maxEntries: readAtATime, signal })) {
      const entries = batch.filter((entry) => entry.position <= end);
      for (let from = 0; from < entries.length; from += archivePage) position = await this.#compare(entries.slice(from, from + archivePage), position);
      this.#options.onProgress({ phase: 'verifying', position, target: end });
      if (position >= end) return;
    }
    signal.throwIfAborted();
    throw new LogDiffersError(position + 1);
  }

  async #compare(entries: readonly LogEntry[], after: number): Promise<number> {
    const rows = await this.#rows(after, after + entries.length);
    const different = entries.findIndex((entry, index) => !isSame(entry, rows[index]));
    if (different !== -1) throw new LogDiffersError(after + different + 1);
    return after + entries.length;
  }

  /** Rows of the archive that follow a position, without a gap, at most a page. */
  async #rows(after: number, end: number): Promise<readonly ArchiveRow[]> {
    const rows = await this.#options.archive.archived(toPosition(after + 1), Math.min(archivePage, end - after));
    const gap = rows.findIndex((row, index) => row.position !== after + 1 + index);
    if (gap !== -1 || rows.length === 0) throw new ArchiveIncompleteError(`the archive has no commit ${after + 1 + Math.max(gap, 0)}: what follows it cannot be put at its position`);
    return rows;
  }
}
