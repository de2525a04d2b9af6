import { AuditKeyMissingError, type AuditKeys, type Digest, type LogEntry, type LogReader } from '@cs/eventing';
import type { Position } from '@cs/kernel';
import { projectBatch, ProjectionMemory, RowsRefusedError, type ProjectionStore, type RowChanges } from '@cs/read-models';
import type { EventRelay } from './event-relay.js';
import type { RefusedCommits } from './refused-commits.js';

/** Commits from `from` to `to` cannot be written together: one of them cannot be projected or stored. */
export class BatchRefusedError extends Error {
  override readonly name = 'BatchRefusedError';
  constructor(readonly from: Position, readonly to: Position, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

export interface BatchWritten {
  /** In the order of the log. */
  readonly entries: readonly LogEntry[];
  readonly seconds: number;
  readonly position: Position;
  readonly changes: RowChanges;
}

export interface SessionOptions {
  readonly reader: LogReader;
  readonly store: ProjectionStore;
  /** Takes what is written, to publish it. */
  readonly relay: Pick<EventRelay, 'published' | 'offer'>;
  readonly digest: Digest;
  readonly auditKeys: AuditKeys;
  readonly clock: () => number;
  readonly limits: { readonly maxCommits: number; readonly maxBytes: number; readonly maxRuns: number };
  readonly refused: RefusedCommits;
  readonly onWritten: (written: BatchWritten) => void;
}

export const eventsIn = (entries: readonly LogEntry[]): number => entries.reduce((sum, { stored }) => sum + (stored?.commit.events.length ?? 0), 0);

const memoryBytes = 256 * 1024 * 1024;

/** Splits what was read so that a transaction stays small. */
export function* transactionsOf(entries: readonly LogEntry[], { maxBytes, oneByOneUpTo }: { readonly maxBytes: number; readonly oneByOneUpTo: Position }): Generator<readonly LogEntry[]> {
  let part: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (part.length > 0 && (bytes + entry.body.length > maxBytes || entry.position <= oneByOneUpTo)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += entry.body.length;
  }
  if (part.length > 0) yield part;
}

/**
 * Projects the log from where the projections stand, until the signal aborts or something fails. The
 * next batch is read and projected while the one before it is being written; when a write fails, all
 * that is in memory is thrown away with the session.
 */
export class ProjectionSession {
  readonly #options: SessionOptions;
  readonly #memory: ProjectionMemory;
  readonly #failed = new AbortController();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#memory = new ProjectionMemory({ maxRuns: options.limits.maxRuns, maxBytes: memoryBytes });
  }

  async run(after: Position, signal: AbortSignal): Promise<void> {
    const { reader, limits, refused: { oneByOneUpTo } } = this.#options;
    const reading = AbortSignal.any([signal, this.#failed.signal]);
    let position = after;
    try {
      for await (const batch of reader.batches(after, { maxEntries: limits.maxCommits, signal: reading })) {
        for (const entries of transactionsOf(batch, { maxBytes: limits.maxBytes, oneByOneUpTo })) {
          position = await this.#take(entries, position, signal);
        }
        if (reading.aborted) break;
      }
      await this.#writing;
    } finally {
      // The next session reads the position: nothing may still be moving it.
      await this.#writing.catch(() => undefined);
    }
  }

  async #take(read: readonly LogEntry[], after: Position, signal: AbortSignal): Promise<Position> {
    const entries = this.#options.refused.reasons.size === 0 ? read : read.map((entry) => this.#setAsideIfRefused(entry));
    const changes = await this.#project(entries);
    await this.#writing;
    this.#writing = this.#write({ entries, changes, after }, signal);
    this.#writing.catch((error: unknown) => this.#failed.abort(error));
    return entries.at(-1)?.position ?? after;
  }

  async #project(entries: readonly LogEntry[]): Promise<RowChanges> {
    const { digest, auditKeys, clock, store } = this.#options;
    const missing = this.#memory.missing(entries);
    if (missing.runs.length > 0 || missing.workspaces.length > 0) this.#memory.remember(missing, await store.load(missing));
    try {
      return projectBatch(entries, { memory: this.#memory, digest, auditKeys, now: clock() });
    } catch (error) {
      await this.#writing;
      // Nothing is wrong with the commit: it waits for the key.
      throw error instanceof AuditKeyMissingError ? error : this.#refuse(entries, error);
    }
  }

  async #write({ entries, changes, after }: { entries: readonly LogEntry[]; changes: RowChanges; after: Position }, signal: AbortSignal): Promise<void> {
    const { store, relay, onWritten } = this.#options;
    const start = performance.now();
    try {
      await store.write(changes, { after, published: relay.published });
    } catch (error) {
      throw error instanceof RowsRefusedError ? this.#refuse(entries, error) : error;
    }
    const last = entries.at(-1);
    if (last) onWritten({ entries, seconds: (performance.now() - start) / 1000, position: last.position, changes });
    await relay.offer(entries, signal);
  }

  #setAsideIfRefused(entry: LogEntry): LogEntry {
    const reason = this.#options.refused.reasons.get(entry.position);
    if (reason === undefined) return entry;
    const { stored: _stored, ...rest } = entry;
    return { ...rest, unreadable: reason };
  }

  #refuse(entries: readonly LogEntry[], cause: unknown): Error {
    const [first, last] = [entries[0], entries.at(-1)];
    return first && last ? new BatchRefusedError(first.position, last.position, cause) : new Error('nothing was refused', { cause });
  }
}
