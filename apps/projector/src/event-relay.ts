import { parseLogSubject } from '@cs/contracts';
import { decodeCommit, UnreadableCommitError, type EventPublisher, type EventToPublish, type LogEntry } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import type { Logger } from '@cs/platform';
import { toPublishedEvents, type ArchiveRow, type ProjectionStore } from '@cs/read-models';
import { setTimeout as delay } from 'node:timers/promises';
import { Condition } from './condition.js';

/** The next event to publish: a commit's position and the event's place in it, from 0. */
interface Cursor {
  readonly position: number;
  readonly index: number;
}

interface RelayOptions {
  readonly publisher: EventPublisher;
  readonly store: Pick<ProjectionStore, 'archived'>;
  readonly logger: Logger;
  /** Commits up to here are known to be published. */
  readonly published: Position;
  readonly onQueue: (events: number) => void;
}

/** A commit that may be published. */
type Projected = Pick<LogEntry, 'position' | 'body' | 'stored'>;

const maxQueuedEvents = 10_000;
const eventsAtATime = 500;
const archivePage = 100;
const retryAfterMs = 500;

/** A commit that was set aside has no events to publish. */
const fromArchive = ({ position, subject, body, problem }: ArchiveRow): Projected => {
  const parsed = problem === null ? parseLogSubject(subject) : undefined;
  const at = toPosition(position);
  return { position: at, body, ...(parsed === undefined ? {} : { stored: decodeCommit(parsed, { position: at, body }) }) };
};

/**
 * Publishes what was projected, in order and once, without holding up the projections. It starts, and
 * starts over after every error, behind the last event in the stream: first from the archive, then
 * from what the projector offers. So nothing is published before it can be queried.
 */
export class EventRelay {
  readonly #options: RelayOptions;
  #queue: Projected[] = [];
  #queuedEvents = 0;
  #next: Cursor;
  readonly #offered = new Condition();
  readonly #advanced = new Condition();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#next = { position: options.published + 1, index: 0 };
  }

  /** Every commit up to here is in the stream. */
  get published(): Position {
    return toPosition(this.#next.position - 1);
  }

  /** Takes commits whose transaction is done; waits while too many are queued. */
  async offer(entries: readonly LogEntry[], signal: AbortSignal): Promise<void> {
    for (const entry of entries) this.#enqueue(entry);
    this.#offered.notify();
    while (this.#queuedEvents > maxQueuedEvents && !signal.aborted) await this.#advanced.wait(signal);
  }

  /** Publishes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#catchUp(signal);
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.warn({ err: error, position: this.#next.position }, 'publishing events was interrupted');
        // The archive has it all.
        this.#dequeue(this.#queue.length);
        await delay(retryAfterMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Resolves when everything up to the position is published, or when the signal aborts. */
  async publishedUpTo(position: Position, signal: AbortSignal): Promise<void> {
    while (this.published < position && !signal.aborted) await this.#advanced.wait(signal);
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { publisher, store } = this.#options;
    const last = await publisher.last();
    // The stream itself says what it holds; only an empty one (new, or all expired) does not.
    if (last) this.#next = { position: last.position, index: last.index + 1 };
    for (;;) {
      const rows = await store.archived(toPosition(this.#next.position), archivePage);
      await this.#publish(rows.map((row) => this.#fromArchive(row)));
      if (rows.length < archivePage || signal.aborted) return;
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#queue.length === 0) await this.#offered.wait(signal);
      const commits = this.#nextCommits();
      await this.#publish(commits);
      this.#dequeue(commits.length);
    }
  }

  #nextCommits(): readonly Projected[] {
    let events = 0;
    const end = this.#queue.findIndex(({ stored }) => (events += stored?.commit.events.length ?? 0) >= eventsAtATime);
    return this.#queue.slice(0, end === -1 ? undefined : end + 1);
  }

  async #publish(commits: readonly Projected[]): Promise<void> {
    const fresh = commits.filter(({ position }) => position >= this.#next.position);
    const last = fresh.at(-1);
    if (last === undefined) return;
    const events = fresh.flatMap((commit) => this.#eventsOf(commit));
    if (events.length > 0) await this.#options.publisher.publish(events);
    this.#next = { position: last.position + 1, index: 0 };
    this.#advanced.notify();
  }

  #fromArchive(row: ArchiveRow): Projected {
    try {
      return fromArchive(row);
    } catch (error) {
      if (!(error instanceof UnreadableCommitError)) throw error;
      this.#options.logger.error({ err: error, position: row.position }, 'an archived commit was written by a newer release; its events are not published');
      return { position: toPosition(row.position), body: row.body };
    }
  }

  #eventsOf({ position, body, stored }: Projected): readonly EventToPublish[] {
    if (stored === undefined) return [];
    return toPublishedEvents(stored, { from: position === this.#next.position ? this.#next.index : 0, bodyLength: body.length });
  }

  #enqueue({ position, body, stored }: LogEntry): void {
    this.#queue.push({ position, body, ...(stored === undefined ? {} : { stored }) });
    this.#count(stored?.commit.events.length ?? 0);
  }

  #dequeue(commits: number): void {
    for (const { stored } of this.#queue.splice(0, commits)) this.#count(-(stored?.commit.events.length ?? 0));
    this.#advanced.notify();
  }

  #count(events: number): void {
    this.#queuedEvents += events;
    this.#options.onQueue(this.#queuedEvents);
  }
}
