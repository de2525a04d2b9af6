import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { unlessReconnected } from './connection-watch.js';
import type { Delivery } from './delivery.js';
import { ensureConsumer, type DurableConsumer } from './ensure-consumer.js';
import { MessageHandling, type MessageHandlingOptions } from './message-handling.js';
import { PullRequests } from './pull-requests.js';

export type { ConsumerMessage, DeadLetter } from './message-handling.js';

export interface ConsumerSpec extends DurableConsumer, Omit<MessageHandlingOptions, 'onSettled'> {}

export interface RunningConsumer {
  /** Takes nothing more and waits for what is being handled. What was on its way goes to another instance at once. */
  stop(): Promise<void>;
}

const restartPauseMs = 250;

class PullConsumer implements RunningConsumer {
  readonly #spec: ConsumerSpec;
  readonly #handling: MessageHandling;
  readonly #stopped = new AbortController();
  readonly #loop: Promise<void>;
  #pulls: PullRequests | undefined;

  constructor(spec: ConsumerSpec) {
    this.#spec = spec;
    this.#handling = new MessageHandling(spec);
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#pulls?.interrupt('stopping');
    await this.#loop;
    await this.#handling.stop();
  }

  get #freeSlots(): number {
    return this.#spec.maxInFlight - this.#handling.size;
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
        if (this.#freeSlots <= 0) await this.#severalSettled();
        const end = await pulls.pull(this.#freeSlots);
        if (end.kind === 'interrupted') throw new Error(`${durable}: ${end.reason}`);
      }
    } finally {
      await pulls.close();
    }
  }

  /** What settles in the same turn of the loop is asked for together. */
  async #severalSettled(): Promise<void> {
    await this.#handling.nextSettled();
    await nextTurn();
  }

  #take(delivery: Delivery): void {
    if (this.#stopped.signal.aborted) delivery.nak(0);
    else this.#handling.take(delivery);
  }
}

/** Handles a durable consumer's messages until stopped; recreates what the broker lost; never gives up. */
export const startConsumer = (spec: ConsumerSpec): RunningConsumer => new PullConsumer(spec);
