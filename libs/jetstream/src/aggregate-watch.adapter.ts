import { parseLogSubject, statusSubjects, streams, type AggregateName, type AggregateRef } from '@cs/contracts';
import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessReconnected } from './connection-watch.js';
import { PullRequests } from './pull-requests.js';

export interface AggregateWatchOptions {
  readonly nc: NatsConnection;
  readonly aggregate: AggregateName;
  /** Told of each aggregate that there is, and of each that changes; the same one twice is normal, and never two at once. */
  readonly onChange: (ref: AggregateRef) => Promise<void>;
  /** What interrupted watching; it goes on by itself. */
  readonly onError: (error: unknown) => void;
}

const retryPauseMs = 250;
const apiTimeoutMs = 2000;
const inactiveMs = 60_000;
const batch = 256;

const keyOf = ({ org_id, workspace_id, id }: AggregateRef): string => `${org_id}/${workspace_id}/${id}`;

/** Follows the aggregates of one kind, of every tenant: first those that there are, then what changes. Every process follows for itself. */
export class AggregateWatch {
  readonly #options: AggregateWatchOptions;
  readonly #stopped = new AbortController();
  readonly #changed = new Map<string, AggregateRef>();
  readonly #loop: Promise<void>;
  #telling: Promise<void> | undefined;
  #markReady: () => void = () => undefined;
  /** When everything that was there at the start was told. */
  readonly ready: Promise<void>;

  constructor(options: AggregateWatchOptions) {
    this.#options = options;
    this.ready = new Promise((resolve) => (this.#markReady = resolve));
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#markReady();
    await this.#loop;
    await this.#telling;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted && !this.#options.nc.isClosed()) {
      try {
        await this.#watchUntilInterrupted();
      } catch (error) {
        if (!signal.aborted) this.#options.onError(error);
      }
      await delay(retryPauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #watchUntilInterrupted(): Promise<void> {
    const { nc } = this.#options;
    const { name, pending } = await unlessReconnected(nc, this.#open());
    let expected = pending;
    const pulls = new PullRequests({ nc, stream: streams.log.name, consumer: name, onDelivery: ({ subject }) => {
      expected -= 1;
      const parsed = parseLogSubject(subject);
      if (parsed !== undefined) this.#changed.set(keyOf(parsed.ref), parsed.ref);
      this.#tell();
      if (expected === 0) this.#readyWhenTold();
    } });
    const stop = (): void => pulls.interrupt('stopping');
    this.#stopped.signal.addEventListener('abort', stop, { once: true });
    if (pending === 0) this.#markReady();
    try {
      while (!this.#stopped.signal.aborted) {
        const end = await pulls.pull(batch);
        if (end.kind === 'interrupted') throw new Error(`watching ${this.#options.aggregate}: ${end.reason}`);
      }
    } finally {
      this.#stopped.signal.removeEventListener('abort', stop);
      await pulls.close();
    }
  }

  async #open(): Promise<{ readonly name: string; readonly pending: number }> {
    const jsm = await jetstreamManager(this.#options.nc, { checkAPI: false, timeout: apiTimeoutMs });
    const { name, num_pending } = await jsm.consumers.add(streams.log.name, {
      deliver_policy: DeliverPolicy.LastPerSubject, filter_subject: statusSubjects(this.#options.aggregate, '*'), ack_policy: AckPolicy.None, headers_only: true,
      mem_storage: true, num_replicas: 1, inactive_threshold: nanos(inactiveMs),
    });
    return { name, pending: num_pending };
  }

  #readyWhenTold(): void {
    void (this.#telling ?? Promise.resolve()).then(() => this.#markReady());
  }

  #tell(): void {
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
  }

  async #tellAll(): Promise<void> {
    for (let next = this.#changed.entries().next(); next.done !== true && !this.#stopped.signal.aborted; next = this.#changed.entries().next()) {
      const [key, ref] = next.value;
      this.#changed.delete(key);
      try {
        await this.#options.onChange(ref);
      } catch (error) {
        this.#options.onError(error);
        this.#changed.set(key, ref);
        await delay(retryPauseMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
      }
    }
  }
}
