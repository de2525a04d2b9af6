import { aggregateSubjects, logSubject, parseLogSubject, streams, type AggregateRef, type Commit } from '@cs/contracts';
import { decodeCommit, LogUnavailableError, type AppendResult, type EventStore, type StoredCommit } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import { jetstream, jetstreamManager, JetStreamApiError, type JetStreamClient, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { BlobStore } from './blob-store.adapter.js';
import { blobHeader, encodeCommit, wholeBody } from './commit-codec.js';
import { hasCode } from './nats-error-codes.js';

export interface EventStoreOptions {
  /** How long an append is tried again, with the same commit id, while the log does not answer. Default 8 s. */
  readonly appendBudgetMs?: number;
}

/** One try of a publish; short, because a publish caught by an outage is never answered. */
const publishTimeoutMs = 2000;
const retryPauseMs = 100;

/** The log on JetStream: one message per commit, checked against the aggregate's last sequence. */
export class JetStreamEventStore implements EventStore {
  readonly #js: JetStreamClient;
  readonly #jsm: Promise<JetStreamManager>;
  readonly #blobs: BlobStore;
  readonly #appendBudgetMs: number;

  constructor(nc: NatsConnection, { appendBudgetMs = 8000 }: EventStoreOptions = {}) {
    this.#js = jetstream(nc);
    this.#jsm = jetstreamManager(nc, { checkAPI: false });
    this.#blobs = new BlobStore(this.#js);
    this.#appendBudgetMs = appendBudgetMs;
  }

  last(ref: AggregateRef): Promise<StoredCommit | undefined> {
    return this.#read({ last_by_subj: aggregateSubjects(ref) });
  }

  at(position: Position): Promise<StoredCommit | undefined> {
    return this.#read({ seq: position });
  }

  async append(ref: AggregateRef, status: string, commit: Commit): Promise<AppendResult> {
    const deadline = Date.now() + this.#appendBudgetMs;
    for (;;) {
      try {
        return await this.#appendOnce(ref, status, commit);
      } catch (cause) {
        if (Date.now() + retryPauseMs > deadline) throw new LogUnavailableError('The log did not confirm the commit', { cause });
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
        msgID: commit.commit_id, timeout: publishTimeoutMs, retries: 0,
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
      if (current.commit.commit_id === commit.commit_id) return { kind: 'appended', position: current.position, duplicate: true };
      current = current.commit.previous === 0 ? undefined : await this.at(toPosition(current.commit.previous));
    }
    return { kind: 'conflict' };
  }

  async #read(query: { seq: number } | { last_by_subj: string }): Promise<StoredCommit | undefined> {
    const message = await this.#get(query);
    const subject = message && parseLogSubject(message.subject);
    if (!message || !subject) return undefined;
    const body = await wholeBody(message.string(), message.header.has(blobHeader), this.#blobs);
    return decodeCommit(subject, { position: toPosition(message.seq), body });
  }

  async #get(query: { seq: number } | { last_by_subj: string }): Promise<StoredMsg | undefined> {
    try {
      return (await (await this.#jsm).direct.getMessage(streams.log.name, query)) ?? undefined;
    } catch (cause) {
      if (hasCode(cause, 'noMessageFound') || (cause instanceof JetStreamApiError && cause.status === 404)) return undefined;
      throw new LogUnavailableError('The log could not be read', { cause });
    }
  }
}
