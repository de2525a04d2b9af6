import { aggregateSubjects, logSubject, parseLogSubject, streams, type AggregateRef, type Commit } from '@cs/contracts';
import { decodeCommit, LogUnavailableError, UnreadableCommitError, type AppendResult, type EventStore, type StoredCommit } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { appendTraced } from './append-span.js';
import { BlobStore } from './blob-store.adapter.js';
import { blobHeader, encodeCommit, wholeBody } from './commit-codec.js';
import { unlessReconnected } from './connection-watch.js';
import { hasCode, isRefusal } from './nats-error-codes.js';

export interface EventStoreOptions {
  /** How long a read, or an append with the same commit id, is tried again while the log does not answer. Default 8 s. */
  readonly budgetMs?: number;
}

/** One try; short, because a request caught by an outage is never answered. */
const tryTimeoutMs = 2000;
const retryPauseMs = 100;

/** The log on JetStream: one message per commit, checked against the aggregate's last sequence. */
export class JetStreamEventStore implements EventStore {
  readonly #js: JetStreamClient;
  readonly #jsm: Promise<JetStreamManager>;
  readonly #blobs: BlobStore;
  readonly #nc: NatsConnection;
  readonly #budgetMs: number;

  constructor(nc: NatsConnection, { budgetMs = 8000 }: EventStoreOptions = {}) {
    this.#nc = nc;
    this.#js = jetstream(nc);
    this.#jsm = jetstreamManager(nc, { checkAPI: false, timeout: tryTimeoutMs });
    this.#blobs = new BlobStore(this.#js);
    this.#budgetMs = budgetMs;
  }

  last(ref: AggregateRef): Promise<StoredCommit | undefined> {
    return this.#patiently(() => this.#read({ last_by_subj: aggregateSubjects(ref) }), 'The log could not be read');
  }

  at(position: Position): Promise<StoredCommit | undefined> {
    return this.#patiently(() => this.#read({ seq: position }), 'The log could not be read');
  }

  append(ref: AggregateRef, status: string, commit: Commit): Promise<AppendResult> {
    return appendTraced({ ref, status, commit }, (marked) => this.#patiently(() => this.#appendOnce(ref, status, marked), 'The log did not confirm the commit'));
  }

  /** Tries again within the budget, unless the connection was closed for good or trying again cannot help. */
  async #patiently<Value>(task: () => Promise<Value>, failure: string): Promise<Value> {
    const deadline = performance.now() + this.#budgetMs;
    for (;;) {
      try {
        return await unlessReconnected(this.#nc, task());
      } catch (cause) {
        if (cause instanceof UnreadableCommitError || cause instanceof LogUnavailableError || isRefusal(cause)) throw cause;
        if (this.#nc.isClosed() || performance.now() + retryPauseMs > deadline) throw new LogUnavailableError(failure, { cause });
        await delay(retryPauseMs);
      }
    }
  }

  async #appendOnce(ref: AggregateRef, status: string, commit: Commit): Promise<AppendResult> {
    const { body, hasBlobs } = await encodeCommit(commit, this.#blobs);
    const marked = headers();
    if (hasBlobs) marked.set(blobHeader, '1');
    try {
      const ack = await this.#js.publish(logSubject(ref, status), body, {
        msgID: commit.commit_id, timeout: tryTimeoutMs, retries: 0,
        expect: { streamName: streams.log.name, lastSubjectSequence: commit.previous, lastSubjectSequenceSubject: aggregateSubjects(ref) },
        ...(hasBlobs ? { headers: marked } : {}),
      });
      return { kind: 'appended', position: toPosition(ack.seq), duplicate: ack.duplicate };
    } catch (error) {
      // A single publish is checked for its expected sequence before it is checked for duplicates:
      // a retry of a commit that did land answers 10071, so look for our own commit first.
      if (hasCode(error, 'wrongLastSequence')) return await this.#ownCommit(ref, commit);
      throw error;
    }
  }

  async #ownCommit(ref: AggregateRef, commit: Commit): Promise<AppendResult> {
    let current = await this.last(ref);
    while (current && current.position > commit.previous) {
      if (current.commit.commit_id === commit.commit_id) return { kind: 'appended', position: current.position, duplicate: true, traceparent: current.commit.traceparent };
      current = current.commit.previous === 0 ? undefined : await this.at(toPosition(current.commit.previous));
    }
    return { kind: 'conflict' };
  }

  async #read(query: { seq: number } | { last_by_subj: string }): Promise<StoredCommit | undefined> {
    const message = await (await this.#jsm).direct.getMessage(streams.log.name, query);
    const subject = message && parseLogSubject(message.subject);
    if (!message || !subject) return undefined;
    const body = await wholeBody(message.string(), message.header.has(blobHeader), this.#blobs);
    return decodeCommit(subject, { position: toPosition(message.seq), body });
  }
}
