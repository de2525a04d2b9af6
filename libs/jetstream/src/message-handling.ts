import { giveUp, retryLater, type ConsumerOutcome } from '@cs/eventing';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ConsumerMeter, HandlingEnd } from './consumer-meter.port.js';
import type { Delivery } from './delivery.js';
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

export interface MessageHandlingOptions {
  readonly nc: NatsConnection;
  readonly stream: string;
  /** Names the consumer in dead letters. */
  readonly durable: string;
  /** The lease: a message that is neither settled nor extended for so long goes to another instance. */
  readonly ackWaitMs: number;
  /** Deliveries before a failing message is set aside. */
  readonly maxDeliver: number;
  readonly handle: (message: ConsumerMessage) => Promise<ConsumerOutcome>;
  readonly setAside: (letter: DeadLetter) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly meter?: ConsumerMeter | undefined;
  /** Called when a message is off the hands of this instance; `undefined` when nothing could be settled. */
  readonly onSettled?: (delivery: Delivery, outcome: ConsumerOutcome | undefined) => void;
}

const errorDelayMs = (deliveries: number): number => Math.min(250 * 2 ** (deliveries - 1), 30_000);

const messageOf = (delivery: Delivery): ConsumerMessage => ({
  subject: delivery.subject, position: delivery.position, deliveryCount: delivery.deliveryCount,
  header: (name) => delivery.header(name), text: () => delivery.text(),
});

interface Handled {
  /** `undefined`: nothing could be settled. */
  readonly outcome: ConsumerOutcome | undefined;
  readonly end: HandlingEnd;
}

/** Handles deliveries, holds their leases while it does, and answers the broker. */
export class MessageHandling {
  readonly #options: MessageHandlingOptions;
  /** By position: a message that comes again while it is being handled here is already taken care of. */
  readonly #inFlight = new Map<number, Delivery>();
  readonly #extender: NodeJS.Timeout;
  #settled: (() => void) | undefined;

  constructor(options: MessageHandlingOptions) {
    this.#options = options;
    this.#extender = setInterval(() => this.#extendLeases(), options.ackWaitMs / 3);
  }

  /** Messages being handled. */
  get size(): number {
    return this.#inFlight.size;
  }

  /** False when the message is being handled already. */
  take(delivery: Delivery): boolean {
    if (this.#inFlight.has(delivery.position)) return false;
    this.#inFlight.set(delivery.position, delivery);
    void this.#handle(delivery).then((outcome) => {
      this.#inFlight.delete(delivery.position);
      const settled = this.#settled;
      this.#settled = undefined;
      settled?.();
      this.#options.onSettled?.(delivery, outcome);
    });
    return true;
  }

  nextSettled(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#settled;
      this.#settled = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Waits for what is being handled. */
  async stop(): Promise<void> {
    while (this.size > 0) await this.nextSettled();
    clearInterval(this.#extender);
  }

  #extendLeases(): void {
    if (this.#options.nc.isClosed()) return;
    for (const delivery of this.#inFlight.values()) delivery.working();
  }

  async #handle(delivery: Delivery): Promise<ConsumerOutcome | undefined> {
    const { durable, meter } = this.#options;
    const startedAt = performance.now();
    meter?.taken(durable, delivery.deliveryCount > 1);
    const { outcome, end } = await this.#settle(delivery);
    meter?.settled(durable, end, (performance.now() - startedAt) / 1000);
    return outcome;
  }

  async #settle(delivery: Delivery): Promise<Handled> {
    const { maxDeliver, setAside, stream, durable, onError } = this.#options;
    const message = messageOf(delivery);
    try {
      const { outcome, failed } = await this.#judge(message);
      const settled = await settle({ delivery, outcome, maxDeliver, setAside: (reason) => setAside({ consumer: durable, stream, message, reason }) });
      return { outcome, end: failed && settled === 'retry' ? 'failed' : settled };
    } catch (error) {
      // Nothing was settled: the lease runs out and the message comes again.
      onError(error);
      return { outcome: undefined, end: 'unsettled' };
    }
  }

  async #judge(message: ConsumerMessage): Promise<{ readonly outcome: ConsumerOutcome; readonly failed: boolean }> {
    const { handle, maxDeliver, onError } = this.#options;
    // Every earlier delivery ended without an answer: it may be what ends the process.
    if (message.deliveryCount > maxDeliver) return { outcome: giveUp(`delivered ${message.deliveryCount} times and never settled`), failed: true };
    try {
      return { outcome: await handle(message), failed: false };
    } catch (error) {
      onError(error);
      return { outcome: retryLater(errorDelayMs(message.deliveryCount), error instanceof Error ? error.message : String(error)), failed: true };
    }
  }
}
