import { parseLogSubject, streams, type AggregateRef } from '@cs/contracts';
import { decodeCommit, UnreadableCommitError, type LogEntry, type LogReader } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import { DeliverPolicy, jetstream, type ConsumerMessages, type JetStreamClient, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { BlobStore } from './blob-store.adapter.js';
import { BoundedQueue } from './bounded-queue.js';
import { blobHeader, wholeBody } from './commit-codec.js';

const nobody: AggregateRef = { org_id: 'local', workspace_id: 'local', aggregate: 'dead_letter', id: 'unknown' };

const toEntry = (message: Pick<LogEntry, 'position' | 'subject' | 'body'>): LogEntry => {
  const parsed = parseLogSubject(message.subject);
  if (!parsed) return { ...message, ref: nobody, status: 'unknown', unreadable: `"${message.subject}" is no subject of the log` };
  try {
    return { ...message, ...parsed, stored: decodeCommit(parsed, message) };
  } catch (error) {
    if (error instanceof UnreadableCommitError) return { ...message, ...parsed, unreadable: error.message };
    throw error;
  }
};

interface ReaderOptions {
  readonly onError: (error: unknown) => void;
}

/** Reads CS_LOG in order with an ordered consumer, and starts over behind the last entry after any break. */
export class JetStreamLogReader implements LogReader {
  readonly #nc: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #blobs: BlobStore;
  readonly #onError: (error: unknown) => void;
  #current: ConsumerMessages | undefined;

  constructor(nc: NatsConnection, { onError }: ReaderOptions) {
    this.#nc = nc;
    this.#js = jetstream(nc);
    this.#blobs = new BlobStore(this.#js);
    this.#onError = onError;
    this.#restartOnReconnect().catch(onError);
  }

  async *batches(after: Position, { maxEntries, signal }: { maxEntries: number; signal: AbortSignal }): AsyncGenerator<readonly LogEntry[]> {
    const queue = new BoundedQueue<JsMsg>(maxEntries * 2);
    const pumping = this.#pump(after, queue, signal);
    try {
      for (;;) {
        const messages = await queue.takeAll(maxEntries);
        if (messages === undefined) return;
        yield await Promise.all(messages.map((message) => this.#entry(message)));
      }
    } finally {
      queue.close();
      await pumping;
    }
  }

  async #pump(after: Position, queue: BoundedQueue<JsMsg>, signal: AbortSignal): Promise<void> {
    let last: number = after;
    while (!signal.aborted && !queue.closed) {
      try {
        last = await this.#read(last, queue, signal);
      } catch (error) {
        if (!signal.aborted) this.#onError(error);
      }
      await delay(100, undefined, { signal }).catch(() => undefined);
    }
    queue.close();
  }

  /** Reads until the connection breaks, a gap shows or the reader stops; answers the last position read. */
  async #read(after: number, queue: BoundedQueue<JsMsg>, signal: AbortSignal): Promise<number> {
    let last = after;
    const consumer = await this.#js.consumers.get(streams.log.name, { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 });
    const messages = await consumer.consume({ max_messages: 2000, idle_heartbeat: 1000, expires: 10_000 });
    const stop = (): void => messages.stop();
    signal.addEventListener('abort', stop, { once: true });
    queue.onClose(stop);
    this.#current = messages;
    for await (const message of messages) {
      if (message.seq <= last) continue;
      if (message.seq !== last + 1) break;
      if (!(await queue.put(message))) break;
      last = message.seq;
    }
    messages.stop();
    signal.removeEventListener('abort', stop);
    return last;
  }

  /** The consumer may not have outlived what cut the connection, so reading starts over at once. */
  async #restartOnReconnect(): Promise<void> {
    for await (const status of this.#nc.status()) if (status.type === 'reconnect') this.#current?.stop();
  }

  async #entry(message: JsMsg): Promise<LogEntry> {
    const position = toPosition(message.seq);
    const body = await wholeBody(message.string(), message.headers?.has(blobHeader) === true, this.#blobs);
    return toEntry({ position, subject: message.subject, body });
  }
}
