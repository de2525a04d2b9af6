import { readLogEntry, type LogEntry, type LogReader } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import type { ArchiveRow, ProjectionStore } from '@cs/read-models';

type Archive = Pick<ProjectionStore, 'archived'>;

const pageBytes = 16 * 1024 * 1024;
const largestPage = 2000;
const firstPage = 100;

/** A commit whose data the object store did not have names what is missing; it would read as if that were the data. */
const lacksItsData = ({ body, problem }: ArchiveRow): boolean => problem !== null && body.includes('"$blob"');

const entryOf = (row: ArchiveRow): LogEntry => {
  const entry = readLogEntry({ position: toPosition(row.position), subject: row.subject, body: row.body });
  if (!lacksItsData(row)) return entry;
  const { stored: _stored, ...rest } = entry;
  return { ...rest, unreadable: row.problem ?? '' };
};

/** Rows of a page, so that pages of commits like those before stay small in memory. */
const nextLimit = (rows: readonly ArchiveRow[], maxEntries: number): number => {
  const bytes = rows.reduce((sum, { body }) => sum + body.length, 0);
  return Math.max(1, Math.min(maxEntries, largestPage, Math.floor((pageBytes * rows.length) / Math.max(bytes, 1))));
};

/**
 * The archived log, as the log itself is read. Ends where the archive ends when it gets there. Reads the
 * next page while the one before is worked on.
 */
export class ArchiveReader implements LogReader {
  readonly #archive: Archive;
  readonly #problems = new Map<number, string>();

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /** Why a commit that was read is set aside in the archive; `null` when it is not. */
  problemOf(position: number): string | null {
    return this.#problems.get(position) ?? null;
  }

  async *batches(after: Position, { maxEntries, signal }: { maxEntries: number; signal: AbortSignal }): AsyncGenerator<readonly LogEntry[]> {
    const read = (from: number, limit: number): Promise<readonly ArchiveRow[]> => {
      const page = this.#archive.archived(toPosition(from), limit);
      // Whoever is working on the page before learns of it when it comes back for this one.
      page.catch(() => undefined);
      return page;
    };
    let page = read(after + 1, Math.min(firstPage, maxEntries));
    while (!signal.aborted) {
      const rows = await page;
      const last = rows.at(-1);
      if (last === undefined) return;
      page = read(last.position + 1, nextLimit(rows, maxEntries));
      for (const { position, problem } of rows) if (problem !== null) this.#problems.set(position, problem);
      yield rows.map(entryOf);
    }
  }
}
