import { giveUp, retryLater, type ConsumerOutcome } from '@cs/eventing';
import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessReconnected } from './connection-watch.js';
import type { Delivery } from './delivery.js';
import { hasCode } from './nats-error-codes.js';
import { PullRequests } from './pull-requests.js';
import { settle } from './settlement.js';

/** What a handler sees of a message. */
export interface ConsumerMessage {
  readonly subject: string;
  readonly position: number;
  readonly deliveryCount: number;
  header(name: string): string;
  text(): string;
}

export interface DeadLetter {
  readonly consumer: string;
  readonly stream: string;
  readonly message: ConsumerMessage;
  readonly reason: string;
}

export interface ConsumerSpec {
  readonly nc: NatsConnection;
  readonly stream: string;
  /** Durable name: `<service>--<what it does>`. All instances of the service share it. */
  readonly durable: string;
  readonly filters: readonly string[];
  /** The lease: a message that is neither settled nor extended for so long goes to another instance. */
  readonly ackWaitMs: number;
  /** Messages handled at a time by this instance. */
  readonly maxInFlight: number;
  /** Deliveries before a failing message is set aside. */
  readonly maxDeliver: number;
  /** Where a new durable starts. Default `all`. */
  readonly start?: 'all' | 'new';
  readonly handle: (message: ConsumerMessage) => Promise<ConsumerOutcome>;
  readonly setAside: (letter: DeadLetter) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface RunningConsumer {
  /** Takes nothing more and waits for what is being handled. What was on its way goes to another instance at once. */
  stop(): Promise<void>;
}

const errorDelayMs = (deliveries: number): number => Math.min(250 * 2 ** (deliveries - 1), 30_000);
const restartPauseMs = 250;
const apiTimeoutMs = 2000;

const ensureConsumer = async ({ nc, stream, durable, filters, ackWaitMs, maxInFlight, start = 'all' }: ConsumerSpec): Promise<void> => {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: apiTimeoutMs });
  const changeable = { filter_subjects: [...filters], ack_wait: nanos(ackWaitMs), max_deliver: -1, max_ack_pending: Math.max(1000, maxInFlight * 8) };
  try {
    await jsm.consumers.add(stream, { durable_name: durable, ack_policy: AckPolicy.Explicit, deliver_policy: start === 'new' ? DeliverPolicy.New : DeliverPolicy.All, ...changeable });
  } catch (error) {
    if (!hasCode(error, 'consumerConfigDiffers')) throw error;
    await jsm.consumers.update(stream, durable, changeable);
  }
};

const messageOf = (delivery: Delivery): ConsumerMessage => ({
  subject: delivery.subject, position: delivery.position, deliveryCount: delivery.deliveryCount,
  header: (name) => delivery.header(name), text: () => delivery.text(),
});

class PullConsumer implements RunningConsumer {
  readonly #spec: ConsumerSpec;
  /** By position: a message that comes again while it is being handled here is already taken care of. */
  readonly #inFlight = new Map<number, Delivery>();
  readonly #stopped = new AbortController();
  readonly #loop: Promise<void>;
  readonly #extender: NodeJS.Timeout;
  #pulls: PullRequests | undefined;
  #slotFreed: (() => void) | undefined;

  constructor(spec: ConsumerSpec) {
    this.#spec = spec;
    this.#extender = setInterval(() => this.#extendLeases(), spec.ackWaitMs / 3);
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#pulls?.interrupt('stopping');
    await this.#loop;
    while (this.#inFlight.size > 0) await this.#nextSettled();
    clearInterval(this.#extender);
  }

  get #freeSlots(): number {
    return this.#spec.maxInFlight - this.#inFlight.size;
  }

  #nextSettled(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#slotFreed;
      this.#slotFreed = () => {
        before?.();
        resolve();
      };
    });
  }

  #extendLeases(): void {
    if (this.#spec.nc.isClosed()) return;
    for (const delivery of this.#inFlight.values()) delivery.working();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted && !this.#spec.nc.isClosed()) {
      try {
        await unlessReconnected(this.#spec.nc, ensureConsumer(this.#spec));
        await this.#pullUntilInterrupted();
      } catch (error) {
        if (!signal.aborted) this.#spec.onError(error);
      }
      await delay(restartPauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #pullUntilInterrupted(): Promise<void> {
    const { nc, stream, durable } = this.#spec;
    const pulls = new PullRequests({ nc, stream, consumer: durable, onDelivery: (delivery) => this.#take(delivery) });
    this.#pulls = pulls;
    try {
      while (!this.#stopped.signal.aborted) {
        if (this.#freeSlots <= 0) await this.#nextSettled();
        const end = await pulls.pull(this.#freeSlots);
        if (end.kind === 'interrupted') throw new Error(`${durable}: ${end.reason}`);
      }
    } finally {
      await pulls.close();
    }
  }

  #take(delivery: Delivery): void {
    if (this.#stopped.signal.aborted) return delivery.nak(0);
    if (this.#inFlight.has(delivery.position)) return;
    this.#inFlight.set(delivery.position, delivery);
    void this.#handle(delivery).finally(() => {
      this.#inFlight.delete(delivery.position);
      const freed = this.#slotFreed;
      this.#slotFreed = undefined;
      freed?.();
    });
  }

  async #handle(delivery: Delivery): Promise<void> {
    const { maxDeliver, setAside, stream, durable, onError } = this.#spec;
    const message = messageOf(delivery);
    try {
      const outcome = await this.#judge(message);
      await settle({ delivery, outcome, maxDeliver, setAside: (reason) => setAside({ consumer: durable, stream, message, reason }) });
    } catch (error) {
      // Nothing was settled: the lease runs out and the message comes again.
      onError(error);
    }
  }

  async #judge(message: ConsumerMessage): Promise<ConsumerOutcome> {
    const { handle, maxDeliver, onError } = this.#spec;
    // Every earlier delivery ended without an answer: it may be what ends the process.
    if (message.deliveryCount > maxDeliver) return giveUp(`delivered ${message.deliveryCount} times and never settled`);
    try {
      return await handle(message);
    } catch (error) {
      onError(error);
      return retryLater(errorDelayMs(message.deliveryCount), error instanceof Error ? error.message : String(error));
    }
  }
}

/** Handles a durable consumer's messages until stopped; recreates what the broker lost; never gives up. */
export const startConsumer = (spec: ConsumerSpec): RunningConsumer => new PullConsumer(spec);
