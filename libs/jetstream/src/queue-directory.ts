import { statusSubjects, streams } from '@cs/contracts';
import { jetstreamManager, type ConsumerInfo, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { apiTimeoutMs, ensureConsumer, type DurableConsumer } from './ensure-consumer.js';
import { hasCode } from './nats-error-codes.js';
import { consumerOf, filterOf, queueOfConsumer, type QueueKey } from './tenant-queue.js';

/** Gets every message of every queue, without its body: whoever has a run has a queue. */
const discoveryDurable = 'runner--queue-tenants';
/** What fed the runners of releases before 0.2, for all tenants together. */
const sharedDurable = 'runner--queued-runs';

export interface QueueDirectoryOptions {
  readonly nc: NatsConnection;
  readonly ackWaitMs: number;
  readonly maxInFlight: number;
}

/** What a queue holds that nobody has finished. */
export interface Standing {
  readonly pending: number;
  readonly unsettled: number;
}

const isAbsent = (error: unknown): undefined => {
  if (hasCode(error, 'consumerNotFound')) return undefined;
  throw error;
};

/** The durable consumers behind the tenants' queues. */
export class QueueDirectory {
  readonly #options: QueueDirectoryOptions;
  readonly #ensured = new Map<QueueKey, Promise<void>>();
  #start: number | 'all' = 'all';

  constructor(options: QueueDirectoryOptions) {
    this.#options = options;
  }

  /** Everything that tells of new queues. Known after `prepare`. */
  get discovery(): DurableConsumer {
    return {
      ...this.#options, stream: streams.log.name, durable: discoveryDurable, filters: [statusSubjects('run', 'queued')],
      ackWaitMs: 15_000, maxInFlight: 1000, start: this.#start, headersOnly: true,
    };
  }

  /**
   * Decides where queues start: with the log; or, where an earlier release had one queue for all, with
   * the oldest message that it had not settled. What it had settled after that is refused as stale.
   */
  async prepare(): Promise<void> {
    const jsm = await this.#manager();
    const shared = await this.#info(jsm, sharedDurable);
    if ((await this.#info(jsm, discoveryDurable)) === undefined) {
      this.#start = shared === undefined ? 'all' : shared.ack_floor.stream_seq + 1;
      await ensureConsumer(this.discovery);
    }
    // Several runners may have decided: what the first one wrote counts.
    const decided = (await this.#info(jsm, discoveryDurable))?.config.opt_start_seq ?? 0;
    this.#start = decided > 0 ? decided : 'all';
    if (shared !== undefined) await jsm.consumers.delete(streams.log.name, sharedDurable).catch(isAbsent);
  }

  /** Creates a tenant's queue unless it is known to be there. */
  async ensure(queue: QueueKey): Promise<void> {
    const known = this.#ensured.get(queue);
    if (known) return await known;
    const created = ensureConsumer({ ...this.#options, stream: streams.log.name, durable: consumerOf(queue), filters: [filterOf(queue)], start: this.#start });
    this.#ensured.set(queue, created);
    try {
      await created;
    } catch (error) {
      this.#ensured.delete(queue);
      throw error;
    }
  }

  /** The broker has lost it, or has no leader for it now. */
  forget(queue: QueueKey): void {
    this.#ensured.delete(queue);
  }

  /** `undefined` when the queue is gone. */
  async standing(queue: QueueKey): Promise<Standing | undefined> {
    const info = await this.#info(await this.#manager(), consumerOf(queue));
    return info && { pending: info.num_pending, unsettled: info.num_ack_pending };
  }

  /** Every queue with something that nobody has finished. */
  async busy(): Promise<readonly QueueKey[]> {
    const busy: QueueKey[] = [];
    for await (const { name, config, num_pending, num_ack_pending } of (await this.#manager()).consumers.list(streams.log.name)) {
      const queue = queueOfConsumer(name, config.filter_subjects?.[0] ?? config.filter_subject ?? '');
      if (queue !== undefined && num_pending + num_ack_pending > 0) busy.push(queue);
    }
    return busy;
  }

  #manager(): Promise<JetStreamManager> {
    return jetstreamManager(this.#options.nc, { checkAPI: false, timeout: apiTimeoutMs });
  }

  async #info(jsm: JetStreamManager, durable: string): Promise<ConsumerInfo | undefined> {
    return await jsm.consumers.info(streams.log.name, durable).catch(isAbsent);
  }
}
