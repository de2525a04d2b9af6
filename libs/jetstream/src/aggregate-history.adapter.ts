import { aggregateSubjects, streams, type AggregateRef } from '@cs/contracts';
import { LogUnavailableError, placeOf, readLogEntry, UnreadableCommitError, type AggregateHistory, type LogEntry } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import { jetstream, jetstreamManager, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { BlobStore } from './blob-store.adapter.js';
import { blobHeader, wholeBody } from './commit-codec.js';
import { unlessReconnected } from './connection-watch.js';

const timeoutMs = 2000;

/** Finds the commits of an aggregate one after the other by their subject, without a consumer. */
export class JetStreamAggregateHistory implements AggregateHistory {
  readonly #nc: NatsConnection;
  readonly #jsm: Promise<JetStreamManager>;
  readonly #blobs: BlobStore;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    this.#jsm = jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
    this.#blobs = new BlobStore(jetstream(nc));
  }

  async commitsOf(ref: AggregateRef): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = [];
    try {
      for (let found = await this.#next(ref, 1); found !== null; found = await this.#next(ref, found.seq + 1)) entries.push(await this.#read(found));
    } catch (cause) {
      throw new LogUnavailableError('The log could not be read', { cause });
    }
    return entries;
  }

  async #next(ref: AggregateRef, seq: number): Promise<StoredMsg | null> {
    const jsm = await this.#jsm;
    return unlessReconnected(this.#nc, jsm.direct.getMessage(streams.log.name, { seq, next_by_subj: aggregateSubjects(ref) }));
  }

  async #read(message: StoredMsg): Promise<LogEntry> {
    const place = { position: toPosition(message.seq), subject: message.subject };
    try {
      return readLogEntry({ ...place, body: await wholeBody(message.string(), message.header.has(blobHeader), this.#blobs) });
    } catch (error) {
      if (!(error instanceof UnreadableCommitError)) throw error;
      return { ...place, ...placeOf(message.subject), body: message.string(), unreadable: error.message };
    }
  }
}
