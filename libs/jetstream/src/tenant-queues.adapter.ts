import { streams } from '@cs/contracts';
import { done, type ConsumerOutcome } from '@cs/eventing';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { onConnectionChange, unlessReconnected } from './connection-watch.js';
import { startConsumer, type RunningConsumer } from './consumer.adapter.js';
import type { Delivery } from './delivery.js';
import { FairTurns, type Turn } from './fair-turns.js';
import { MessageHandling, type MessageHandlingOptions } from './message-handling.js';
import type { Precedence } from './precedence.js';
import { QueueDirectory } from './queue-directory.js';
import { QueueSignals } from './queue-signals.js';
import { QueueWatch } from './queue-watch.js';
import { SinglePulls, type SinglePullEnd } from './single-pulls.js';
import { consumerOf, queueOfSubject, type QueueKey } from './tenant-queue.js';

export interface TenantQueuesSpec extends Omit<MessageHandlingOptions, 'stream' | 'durable' | 'onSettled'> {
  readonly nc: NatsConnection;
  /** Messages handled at a time by this instance, of all tenants together. */
  readonly slots: number;
  /** Of these, what one tenant may hold at most. Default all. */
  readonly maxPerTenant?: number | undefined;
  /** What goes before a queue. Default nothing. */
  readonly precedence?: Precedence | undefined;
}

interface Asking {
  received: number;
  /** Something came while the question was under way: ask again. */
  hinted: boolean;
}

const retryMs = 250;
/** The broker offers a message again a little after its delay is over. */
const redeliveryMarginMs = 10;

/**
 * Takes the runnable runs of all tenants, each from a queue of its own, so that one tenant's backlog is
 * in nobody's way (docs/decisions/queue-per-tenant.md). A queue is asked only when a slot is free and
 * when it has something, which is known from the discovery consumer (of every new message, here or at
 * another runner), from the queue itself while its messages are with anyone, and from a list of all
 * queues at the start and after each reconnection.
 */
export class TenantQueues implements RunningConsumer {
  readonly #spec: TenantQueuesSpec;
  readonly #turns: FairTurns;
  readonly #directory: QueueDirectory;
  readonly #handling: MessageHandling;
  readonly #pulls: SinglePulls;
  readonly #signals: QueueSignals;
  readonly #watch: QueueWatch;
  readonly #asking = new Map<QueueKey, Asking>();
  readonly #asked = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  readonly #unwatchConnection: () => void;
  readonly #discovery: Promise<RunningConsumer | undefined>;

  constructor(spec: TenantQueuesSpec) {
    const { nc, ackWaitMs, slots, maxPerTenant, precedence, onError } = spec;
    this.#spec = spec;
    this.#turns = new FairTurns({ slots, maxPerQueue: maxPerTenant });
    this.#directory = new QueueDirectory({ nc, ackWaitMs, maxInFlight: slots });
    this.#handling = new MessageHandling({ ...spec, stream: streams.log.name, durable: 'runner--queued-runs', onSettled: (delivery, outcome) => this.#settled(delivery, outcome) });
    this.#pulls = new SinglePulls({ nc, stream: streams.log.name, onDelivery: (delivery) => this.#take(delivery) });
    this.#signals = new QueueSignals(nc, (queue) => this.#hint(queue));
    this.#watch = new QueueWatch({ directory: this.#directory, ackWaitMs, heldBy: (queue) => this.#turns.heldBy(queue), hint: (queue) => this.#hint(queue), onError });
    this.#unwatchConnection = onConnectionChange(nc, (change) => void (change === 'up' && this.#watch.listSoon()));
    precedence?.onRelease(() => this.#dispatch());
    this.#discovery = this.#begin();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#unwatchConnection();
    this.#watch.stop();
    await (await this.#discovery)?.stop();
    await Promise.all(this.#asked);
    this.#pulls.close();
    await this.#handling.stop();
    this.#signals.stop();
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted || this.#spec.nc.isClosed();
  }

  async #begin(): Promise<RunningConsumer | undefined> {
    const { nc, onError } = this.#spec;
    while (!this.#isStopped) {
      try {
        await unlessReconnected(nc, this.#directory.prepare());
        this.#watch.listSoon();
        return startConsumer({ ...this.#directory.discovery, maxDeliver: Number.MAX_SAFE_INTEGER, setAside: () => Promise.resolve(), onError, handle: ({ subject }) => this.#discover(subject) });
      } catch (error) {
        onError(error);
        await this.#pause(retryMs);
      }
    }
    return undefined;
  }

  /** The message counts as seen when its queue is there: then the queue keeps it. */
  async #discover(subject: string): Promise<ConsumerOutcome> {
    const queue = queueOfSubject(subject);
    if (queue === undefined) return done;
    await this.#directory.ensure(queue);
    this.#signals.announce(queue);
    this.#hint(queue);
    return done;
  }

  /** The queue has something, or may have. */
  #hint(queue: QueueKey): void {
    if (this.#isStopped) return;
    const asking = this.#asking.get(queue);
    if (asking) asking.hinted = true;
    else this.#turns.wait(queue);
    this.#dispatch();
  }

  #dispatch(): void {
    for (let turn = this.#nextTurn(); turn !== undefined; turn = this.#nextTurn()) {
      const asked = this.#ask(turn).finally(() => this.#asked.delete(asked));
      this.#asked.add(asked);
    }
  }

  #nextTurn(): Turn | undefined {
    return this.#isStopped ? undefined : this.#turns.next((queue) => this.#spec.precedence?.holds(queue) === true);
  }

  async #ask({ queue, count }: Turn): Promise<void> {
    const asking: Asking = { received: 0, hinted: false };
    this.#asking.set(queue, asking);
    const end = await this.#pull(queue, count);
    this.#asking.delete(queue);
    this.#turns.giveBack(queue, count - asking.received);
    this.#watch.add(queue);
    if (end === 'absent') this.#directory.forget(queue);
    if (end === 'absent' || end === 'unanswered') await this.#pause(retryMs);
    if (end !== 'drained' || asking.hinted) this.#hint(queue);
    else this.#dispatch();
  }

  async #pull(queue: QueueKey, count: number): Promise<SinglePullEnd> {
    try {
      await this.#directory.ensure(queue);
      return await this.#pulls.pull(consumerOf(queue), count);
    } catch (error) {
      if (!this.#isStopped) this.#spec.onError(error);
      return 'unanswered';
    }
  }

  #take(delivery: Delivery): void {
    const queue = queueOfSubject(delivery.subject) ?? '';
    const asking = this.#asking.get(queue);
    // Late for its question: it is held all the same.
    if (asking === undefined) this.#turns.take(queue, 1);
    else asking.received += 1;
    if (this.#isStopped) this.#handBack(delivery, queue);
    else if (!this.#handling.take(delivery)) this.#turns.giveBack(queue, 1);
  }

  #handBack(delivery: Delivery, queue: QueueKey): void {
    delivery.nak(0);
    this.#signals.announce(queue);
  }

  #settled(delivery: Delivery, outcome: ConsumerOutcome | undefined): void {
    const queue = queueOfSubject(delivery.subject) ?? '';
    this.#turns.giveBack(queue, 1);
    this.#watch.add(queue);
    if (outcome?.kind === 'retry-later') this.#comesAgain(queue, outcome.delayMs);
    this.#dispatch();
  }

  #comesAgain(queue: QueueKey, delayMs: number): void {
    if (this.#isStopped) this.#signals.announce(queue);
    else void this.#pause(delayMs + redeliveryMarginMs).then(() => this.#hint(queue));
  }

  #pause(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }
}
