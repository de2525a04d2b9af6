import type { AuditKeys, Digest, LogEntry, LogReader } from '@cs/eventing';
import { noPosition, type Position } from '@cs/kernel';
import type { NextGeneration } from '@cs/postgres';
import type { ProjectionStore, RowPair } from '@cs/read-models';
import { BatchRefusedError, eventsIn, ProjectionSession, type BatchWritten, type SessionOptions } from './projection-session.js';
import type { RebuildProgress } from './rebuild-progress.js';
import type { RebuildSource } from './rebuild-source.js';
import { RefusedCommits } from './refused-commits.js';

export interface RebuildOptions {
  readonly generation: NextGeneration;
  readonly source: RebuildSource;
  readonly digest: Digest;
  /** Every key that ever signed the audit. */
  readonly auditKeys: AuditKeys;
  readonly clock: () => number;
  readonly limits: SessionOptions['limits'];
  readonly onProgress: (progress: RebuildProgress) => void;
  /** A commit cannot be projected; it is set aside, and the rest goes on. */
  readonly onSetAside: (position: Position, reason: string) => void;
}

/** Commits that are projected while everyone waits for the switch, at most. */
const lastStep = 2000;
/** The switch is tried when the source is ahead by so many commits, at most. */
const nearEnough = 500;
/** Publishes nothing: what was projected before is published. */
const noRelay: SessionOptions['relay'] = { published: noPosition, offer: () => Promise.resolve() };

/** What a reader has up to a position, where it ends. */
const upTo = (reader: LogReader, end: Position): LogReader => ({
  async *batches(after, options) {
    for await (const batch of reader.batches(after, options)) {
      const entries: readonly LogEntry[] = batch.filter(({ position }) => position <= end);
      if (entries.length > 0) yield entries;
      if ((batch.at(-1)?.position ?? end) >= end) return;
    }
  },
});

const filling = (store: ProjectionStore, { archived }: RebuildSource): ProjectionStore => ({
  progress: () => store.progress(), load: (missing) => store.load(missing), archived: (from, limit) => store.archived(from, limit), markPublished: (published) => store.markPublished(published),
  write: (changes, options) => store.write({ ...changes, archive: archived(changes.archive) }, options),
});

/**
 * Fills a generation of the projections beside the live one, then switches. The live projector works on
 * meanwhile. Started again after an interruption it continues where it was.
 */
export class Rebuild {
  readonly #options: RebuildOptions;
  readonly #store: ProjectionStore;
  readonly #refused = new RefusedCommits();
  readonly #startedAt = performance.now();
  #position: Position = noPosition;
  #target: Position = noPosition;
  #events = 0;
  #commits = 0;

  constructor(options: RebuildOptions) {
    this.#options = options;
    this.#store = filling(options.generation.store(), options.source);
  }

  /** Fills and switches; answers the position that the projections hold then. Throws when the signal aborts. */
  async run(signal: AbortSignal): Promise<Position> {
    const { generation, source } = this.#options;
    for (;;) {
      await this.fill(signal);
      await generation.finish();
      if (await generation.switchOver(source.kind, (live) => this.#catchUp(live, signal))) return this.#position;
    }
  }

  /** Fills, and gives pairs of rows that the live generation and this one do not have alike. Switches nothing. */
  async *compare(signal: AbortSignal): AsyncGenerator<RowPair> {
    const { generation, source } = this.#options;
    let isCompared = false;
    while (!isCompared) {
      await this.fill(signal);
      await generation.finish();
      yield* generation.differences(source.kind, { catchUp: (live) => this.#catchUp(live, signal), onCompared: () => (isCompared = true) });
    }
  }

  /** Projects to where the source ends, as good as: little may have been added meanwhile. */
  async fill(signal: AbortSignal): Promise<Position> {
    this.#position = (await this.#store.progress()).projected;
    for (let end = await this.#options.source.end(); end > this.#position; end = await this.#options.source.end()) {
      const isLast = end - this.#position <= nearEnough;
      await this.#projectTo(end, signal);
      if (isLast) break;
    }
    return this.#position;
  }

  async #catchUp(live: Position, signal: AbortSignal): Promise<boolean> {
    if (live - this.#position > lastStep) return false;
    await this.#projectTo(live, signal);
    return true;
  }

  async #projectTo(end: Position, signal: AbortSignal): Promise<void> {
    this.#target = end;
    while (this.#position < end) {
      const before = this.#position;
      const refused = await this.#runSession(end, signal);
      signal.throwIfAborted();
      this.#position = (await this.#store.progress()).projected;
      if (this.#position === before && !refused) throw new Error(`${this.#options.source.kind} ends at position ${before}, before ${end} that is projected`);
    }
  }

  /** Answers whether a commit was refused, and what is to be done is known. */
  async #runSession(end: Position, signal: AbortSignal): Promise<boolean> {
    const { source: { reader }, digest, auditKeys, clock, limits } = this.#options;
    const session = new ProjectionSession({
      reader: upTo(reader, end), store: this.#store, relay: noRelay, digest, auditKeys, clock, limits, refused: this.#refused, onWritten: (written) => this.#written(written),
    });
    try {
      await session.run(this.#position, signal);
      return false;
    } catch (error) {
      if (!(error instanceof BatchRefusedError)) throw error;
      const next = this.#refused.learn(error);
      if (next === 'stuck') throw error;
      if (next === 'set aside') this.#options.onSetAside(error.from, error.message);
      return true;
    }
  }

  #written({ entries, position }: BatchWritten): void {
    this.#refused.forget(position);
    this.#commits += entries.length;
    this.#events += eventsIn(entries);
    this.#options.onProgress({ position, target: this.#target, events: this.#events, commits: this.#commits, seconds: (performance.now() - this.#startedAt) / 1000 });
  }
}
