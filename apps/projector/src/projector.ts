import type { AuditKeys, Digest, EventPublisher, EventStore, LogReader } from '@cs/eventing';
import type { Position } from '@cs/kernel';
import type { Logger } from '@cs/platform';
import { lead, migrate, type Database } from '@cs/postgres';
import { activateAuditKey, ProjectionFencedError, type ProjectionStore } from '@cs/read-models';
import { setTimeout as delay } from 'node:timers/promises';
import type { AuditAnchoring } from './audit-anchoring.js';
import { EventRelay } from './event-relay.js';
import { BatchRefusedError, ProjectionSession, type BatchWritten, type SessionOptions } from './projection-session.js';
import { recordProjected } from './projection-spans.js';
import type { ProjectorMetrics } from './projector-metrics.js';
import { PublishedMarks } from './published-marks.js';
import { RefusedCommits } from './refused-commits.js';
import { checkSameLog, ForeignLogError } from './same-log.js';

export interface ProjectorOptions {
  readonly database: Database;
  readonly store: ProjectionStore;
  readonly reader: LogReader;
  readonly log: EventStore;
  readonly publisher: EventPublisher;
  readonly digest: Digest;
  /** What signs the audit. */
  readonly auditKeys: AuditKeys;
  /** What anchors the audit while this projector leads. */
  readonly anchoring: Pick<AuditAnchoring, 'observe' | 'run'>;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly metrics: ProjectorMetrics;
  readonly limits: SessionOptions['limits'];
  /** How long a graceful stop waits until what is projected is published. Default 5000. */
  readonly drainMs?: number;
  /** Tells everyone how far the projections are. */
  readonly announce: (position: Position) => void;
}

/** Key of the advisory lock that the active projector holds. */
const leaderLock = 7_042_002;
const heartbeatMs = 1000;
const defaultDrainMs = 5000;
const firstRetryMs = 100;
const lastRetryMs = 5000;

/**
 * The active projector, or one that stands by until it leads. Reads the log from the position in the
 * database; after any error it reads the position again and goes on from there, for ever.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #stop = new AbortController();
  readonly #refused = new RefusedCommits();
  #projected: Position | undefined;
  #leading = false;
  #failure: unknown = new Error('has not reached the database yet');
  #retryMs = firstRetryMs;
  #running: Promise<void> | undefined;

  constructor(options: ProjectorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Finishes the transaction under way, publishes what is projected, and gives up the lead. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Throws what keeps the projector from projecting or from standing by. */
  check(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure instanceof Error ? this.#failure.message : String(this.#failure), { cause: this.#failure });
  }

  /** How far the projections are; `undefined` while another projector leads. */
  get position(): Position | undefined {
    return this.#leading ? this.#projected : undefined;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#lead();
      } catch (error) {
        if (!this.#stop.signal.aborted) await this.#pause(error);
      }
    }
  }

  async #lead(): Promise<void> {
    const { database, logger, anchoring } = this.#options;
    await migrate(database);
    this.#failure = undefined;
    const leadership = await lead(database, { key: leaderLock, signal: this.#stop.signal });
    logger.info('leading');
    this.#leading = true;
    const ended = new AbortController();
    const anchored = anchoring.run(ended.signal);
    try {
      while (!this.#stop.signal.aborted && !leadership.lost.aborted) await this.#project(leadership.lost);
    } finally {
      this.#leading = false;
      ended.abort();
      await anchored;
      await leadership.release();
    }
    if (!this.#stop.signal.aborted) throw new Error('the session that holds the lead was lost');
  }

  /** One session of projecting and publishing, from the position in the database on. */
  async #project(lost: AbortSignal): Promise<void> {
    const { store, log, publisher, logger, metrics, digest, auditKeys, clock, drainMs = defaultDrainMs } = this.#options;
    const { projected, published } = await store.progress();
    await checkSameLog(store, log, projected);
    await activateAuditKey({ store: log, clock, digest }, auditKeys);
    this.#failure = undefined;
    this.#advance(projected);
    const ended = new AbortController();
    const relaying = AbortSignal.any([lost, ended.signal]);
    const relay = new EventRelay({ publisher, store, logger, published, onQueue: (events) => metrics.toPublish.set(events) });
    const relayed = relay.run(relaying);
    const marks = new PublishedMarks(store, published);
    const heartbeat = setInterval(() => {
      this.#options.announce(this.#projected ?? projected);
      void marks.set(relay.published);
    }, heartbeatMs);
    try {
      await this.#session(relay).run(projected, AbortSignal.any([this.#stop.signal, lost]));
      if (this.#projected !== undefined) await relay.publishedUpTo(this.#projected, AbortSignal.any([relaying, AbortSignal.timeout(drainMs)]));
    } catch (error) {
      await this.#recover(error, lost);
    } finally {
      clearInterval(heartbeat);
      ended.abort();
      await relayed;
      await marks.set(relay.published);
    }
  }

  #session(relay: EventRelay): ProjectionSession {
    const { reader, store, digest, auditKeys, clock, limits } = this.#options;
    return new ProjectionSession({
      reader, store, relay, digest, auditKeys, clock, limits, refused: this.#refused, onWritten: (written) => this.#written(written),
    });
  }

  #written({ entries, seconds, position, changes }: BatchWritten): void {
    const { metrics, anchoring } = this.#options;
    anchoring.observe(changes);
    metrics.batchCommits.observe(entries.length);
    metrics.batchSeconds.observe(seconds);
    metrics.projected(entries);
    recordProjected(entries, this.#options.clock() - seconds * 1000);
    metrics.decided(changes.gates);
    if (this.#refused.forget(position)) metrics.setAside.inc();
    this.#retryMs = firstRetryMs;
    this.#failure = undefined;
    this.#advance(position);
  }

  #advance(position: Position): void {
    this.#projected = position;
    this.#options.metrics.position.set(position);
    this.#options.announce(position);
  }

  /** A refused batch is tried again commit by commit, and the commit at fault is set aside; anything else is tried again later. */
  async #recover(error: unknown, lost: AbortSignal): Promise<void> {
    if (this.#stop.signal.aborted || lost.aborted) return;
    if (!(error instanceof BatchRefusedError)) return this.#pause(error);
    this.#options.logger.warn({ err: error, from: error.from, to: error.to }, 'a batch was refused');
    const next = this.#refused.learn(error);
    if (next === 'stuck') return this.#pause(error);
    if (next === 'set aside') this.#options.logger.error({ err: error, position: error.from }, 'a commit is set aside');
    return undefined;
  }

  async #pause(error: unknown): Promise<void> {
    this.#failure = error;
    const level = error instanceof ForeignLogError ? 'error' : error instanceof ProjectionFencedError ? 'info' : 'warn';
    this.#options.logger[level]({ err: error, retry_ms: this.#retryMs }, 'projecting was interrupted');
    await delay(this.#retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
  }
}
