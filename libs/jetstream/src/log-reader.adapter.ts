import { streams } from '@cs/contracts';
import { LogDamagedError, placeOf, readLogEntry, UnreadableCommitError, type LogEntry, type LogReader } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { BlobStore } from './blob-store.adapter.js';
import { BoundedQueue } from './bounded-queue.js';
import { blobHeader, wholeBody } from './commit-codec.js';
import { unlessReconnected } from './connection-watch.js';
import type { Delivery } from './delivery.js';
import { PullRequests } from './pull-requests.js';

const retryPauseMs = 100;
const apiTimeoutMs = 2000;
/** The broker forgets a reader that has not asked for anything for so long. */
const inactiveMs = 60_000;

const withoutBlobs = (delivery: Delivery, problem: UnreadableCommitError): LogEntry => ({
  position: toPosition(delivery.position), subject: delivery.subject, body: delivery.text(), ...placeOf(delivery.subject), unreadable: problem.message,
});

interface ReaderOptions {
  /** What interrupted reading; it goes on by itself. */
  readonly onError: (error: unknown) => void;
}

interface Reading {
  readonly queue: BoundedQueue<Delivery>;
  /** The reader asks again when so much room is free. */
  readonly chunk: number;
  /** Position of the last entry that was read. */
  last: number;
}

/** Reads CS_LOG in order with an ephemeral consumer, and starts over behind the last entry after any break. */
export class JetStreamLogReader implements LogReader {
  readonly #nc: NatsConnection;
  readonly #jsm: Promise<JetStreamManager>;
  readonly #blobs: BlobStore;
  readonly #onError: (error: unknown) => void;

  constructor(nc: NatsConnection, { onError }: ReaderOptions) {
    this.#nc = nc;
    this.#jsm = jetstreamManager(nc, { checkAPI: false, timeout: apiTimeoutMs });
    this.#blobs = new BlobStore(jetstream(nc));
    this.#onError = onError;
  }

  async *batches(after: Position, { maxEntries, signal }: { maxEntries: number; signal: AbortSignal }): AsyncGenerator<readonly LogEntry[]> {
    const queue = new BoundedQueue<Delivery>(maxEntries * 2);
    const close = (): void => queue.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) queue.close();
    const reading = this.#readOn({ queue, chunk: maxEntries, last: after }).finally(close);
    // Whoever consumes learns of a damaged log at the end, also when it leaves early.
    reading.catch(() => undefined);
    try {
      for (let taken = await queue.takeAll(maxEntries); taken !== undefined; taken = await queue.takeAll(maxEntries)) {
        const entries = await this.#entries(taken, queue.closed);
        if (queue.closed.aborted) break;
        yield entries;
      }
    } finally {
      queue.close();
      signal.removeEventListener('abort', close);
      await reading;
    }
  }

  async #readOn(reading: Reading): Promise<void> {
    const { closed } = reading.queue;
    while (!closed.aborted && !this.#nc.isClosed()) {
      try {
        await this.#readUntilInterrupted(reading);
      } catch (error) {
        if (error instanceof LogDamagedError) throw error;
        if (!closed.aborted) this.#onError(error);
      }
      await delay(retryPauseMs, undefined, { signal: closed }).catch(() => undefined);
    }
  }

  async #readUntilInterrupted(reading: Reading): Promise<void> {
    const { queue, chunk } = reading;
    const consumer = await unlessReconnected(this.#nc, this.#openConsumer(reading.last));
    const pulls = new PullRequests({ nc: this.#nc, stream: streams.log.name, consumer, onDelivery: (delivery) => accept(delivery) });
    let damage: LogDamagedError | undefined;
    const accept = (delivery: Delivery): void => {
      if (delivery.position === reading.last + 1) {
        reading.last = delivery.position;
        queue.put(delivery);
      } else if (delivery.position > reading.last) {
        damage ??= new LogDamagedError(`The log has no commit ${reading.last + 1}, but has commit ${delivery.position}`);
        pulls.interrupt(damage.message);
      }
    };
    const stop = (): void => pulls.interrupt('stopping');
    queue.closed.addEventListener('abort', stop, { once: true });
    try {
      for (let room = await queue.room(chunk); room > 0; room = await queue.room(chunk)) {
        const end = await pulls.pull(room);
        if (damage) throw damage;
        if (end.kind === 'interrupted') throw new Error(`Reading the log: ${end.reason}`);
      }
    } finally {
      queue.closed.removeEventListener('abort', stop);
      await pulls.close();
      this.#forget(consumer);
    }
  }

  async #openConsumer(last: number): Promise<string> {
    const jsm = await this.#jsm;
    const { state } = await jsm.streams.info(streams.log.name);
    if (state.last_seq < last) throw new LogDamagedError(`The log ends at ${state.last_seq}, before position ${last} that was read from it`);
    const { name } = await jsm.consumers.add(streams.log.name, {
      deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: last + 1, ack_policy: AckPolicy.None,
      mem_storage: true, num_replicas: 1, inactive_threshold: nanos(inactiveMs),
    });
    return name;
  }

  /** Not waited for: the broker also forgets it by itself. */
  #forget(consumer: string): void {
    if (this.#nc.isClosed() || this.#nc.isDraining()) return;
    void this.#jsm.then((jsm) => jsm.consumers.delete(streams.log.name, consumer)).catch(() => undefined);
  }

  async #entries(deliveries: readonly Delivery[], closed: AbortSignal): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = [];
    // One after the other where data stands beside the log: a batch of large commits must not be in memory twice.
    for (const delivery of deliveries) entries.push(delivery.header(blobHeader) === '' ? this.#entry(delivery, delivery.text()) : await this.#large(delivery, closed));
    return entries;
  }

  #entry(delivery: Delivery, body: string): LogEntry {
    return readLogEntry({ position: toPosition(delivery.position), subject: delivery.subject, body });
  }

  /** Asks again for as long as the object store does not answer; what it does not have is unreadable. */
  async #large(delivery: Delivery, closed: AbortSignal): Promise<LogEntry> {
    for (;;) {
      try {
        return this.#entry(delivery, await wholeBody(delivery.text(), true, this.#blobs));
      } catch (error) {
        if (error instanceof UnreadableCommitError) return withoutBlobs(delivery, error);
        if (closed.aborted || this.#nc.isClosed()) throw error;
        this.#onError(error);
        await delay(retryPauseMs, undefined, { signal: closed }).catch(() => undefined);
      }
    }
  }
}
