import { retryLater, type ConsumerOutcome } from '@cs/eventing';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { ConcurrencyGate } from './concurrency-gate.js';
import { hasCode } from './nats-error-codes.js';
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
  /** Takes nothing more, waits for what is being handled. */
  stop(): Promise<void>;
}

const errorDelayMs = (deliveries: number): number => Math.min(250 * 2 ** (deliveries - 1), 30_000);

const ensureConsumer = async ({ nc, stream, durable, filters, ackWaitMs, maxInFlight, start = 'all' }: ConsumerSpec): Promise<void> => {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const changeable = { filter_subjects: [...filters], ack_wait: nanos(ackWaitMs), max_deliver: -1, max_ack_pending: Math.max(1000, maxInFlight * 8) };
  try {
    await jsm.consumers.add(stream, { durable_name: durable, ack_policy: AckPolicy.Explicit, deliver_policy: start === 'new' ? DeliverPolicy.New : DeliverPolicy.All, ...changeable });
  } catch (error) {
    if (!hasCode(error, 'consumerConfigDiffers')) throw error;
    await jsm.consumers.update(stream, durable, changeable);
  }
};

class PullConsumer implements RunningConsumer {
  readonly #spec: ConsumerSpec;
  readonly #gate: ConcurrencyGate;
  readonly #inFlight = new Map<JsMsg, Promise<void>>();
  readonly #stopped = new AbortController();
  #messages: ConsumerMessages | undefined;
  readonly #loop: Promise<void>;
  readonly #extender: NodeJS.Timeout;

  constructor(spec: ConsumerSpec) {
    this.#spec = spec;
    this.#gate = new ConcurrencyGate(spec.maxInFlight);
    this.#extender = setInterval(() => this.#extendLeases(), spec.ackWaitMs / 3);
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#messages?.stop();
    await this.#loop;
    await Promise.allSettled(this.#inFlight.values());
    clearInterval(this.#extender);
  }

  #extendLeases(): void {
    for (const message of this.#inFlight.keys()) message.working();
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#consume();
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        this.#spec.onError(error);
      }
      await delay(250, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  async #consume(): Promise<void> {
    const { nc, stream, durable, maxInFlight } = this.#spec;
    await ensureConsumer(this.#spec);
    const consumer = await jetstream(nc).consumers.get(stream, durable);
    const messages = await consumer.consume({ max_messages: Math.max(2, maxInFlight), idle_heartbeat: 2000, expires: 10_000 });
    this.#messages = messages;
    if (this.#stopped.signal.aborted) messages.stop();
    for await (const message of messages) {
      await this.#gate.enter();
      const handled = this.#handle(message).finally(() => {
        this.#inFlight.delete(message);
        this.#gate.leave();
      });
      this.#inFlight.set(message, handled);
    }
  }

  async #handle(message: JsMsg): Promise<void> {
    const { handle, maxDeliver, setAside, stream, durable, onError } = this.#spec;
    const seen: ConsumerMessage = {
      subject: message.subject, position: message.seq, deliveryCount: message.info.deliveryCount,
      header: (name) => message.headers?.get(name) ?? '', text: () => message.string(),
    };
    try {
      const outcome = await handle(seen).catch((error: unknown): ConsumerOutcome => {
        onError(error);
        return retryLater(errorDelayMs(seen.deliveryCount), error instanceof Error ? error.message : String(error));
      });
      await settle({ message, outcome, maxDeliver, setAside: (reason) => setAside({ consumer: durable, stream, message: seen, reason }) });
    } catch (error) {
      // Nothing was settled: the lease runs out and the message comes again.
      onError(error);
    }
  }
}

/** Handles a durable consumer's messages until stopped; recreates what the broker lost; never gives up. */
export const startConsumer = (spec: ConsumerSpec): RunningConsumer => new PullConsumer(spec);
