import { nanos, type Msg, type NatsConnection } from '@nats-io/transport-node';

interface AckSubject {
  readonly consumer: string;
  readonly position: number;
  readonly deliveryCount: number;
}

/**
 * Reads `$JS.ACK.{stream}.{consumer}.{deliveries}.{stream sequence}.…`, which servers with domains send
 * with `{domain}.{account}` after `ACK` (NATS ADR-15). `undefined` when it is no delivery.
 */
const parseAckSubject = (subject: string | undefined): AckSubject | undefined => {
  if (!subject?.startsWith('$JS.ACK.')) return undefined;
  const tokens = subject.split('.');
  const at = tokens.length >= 11 ? 6 : 4;
  return { consumer: tokens[at - 1] ?? '', deliveryCount: Number(tokens[at]), position: Number(tokens[at + 1]) };
};

/** One delivery of one message of a stream, and the answers the broker takes for it. */
export class Delivery {
  readonly #nc: NatsConnection;
  readonly #message: Msg;
  /** Name of the consumer that it comes from. */
  readonly consumer: string;
  readonly position: number;
  readonly deliveryCount: number;

  private constructor(nc: NatsConnection, message: Msg, { consumer, position, deliveryCount }: AckSubject) {
    this.consumer = consumer;
    this.#nc = nc;
    this.#message = message;
    this.position = position;
    this.deliveryCount = deliveryCount;
  }

  /** `undefined` for a status message. */
  static of(nc: NatsConnection, message: Msg): Delivery | undefined {
    const parsed = parseAckSubject(message.reply);
    return parsed && new Delivery(nc, message, parsed);
  }

  get subject(): string {
    return this.#message.subject;
  }

  header(name: string): string {
    return this.#message.headers?.get(name) ?? '';
  }

  text(): string {
    return this.#message.string();
  }

  ack(): void {
    this.#answer('+ACK');
  }

  nak(delayMs: number): void {
    this.#answer(delayMs > 0 ? `-NAK {"delay":${nanos(delayMs)}}` : '-NAK');
  }

  /** Never again. */
  term(reason: string): void {
    this.#answer(`+TERM ${reason}`);
  }

  /** Extends the lease by the consumer's ack wait. */
  working(): void {
    this.#answer('+WPI');
  }

  #answer(text: string): void {
    if (this.#message.reply !== undefined) this.#nc.publish(this.#message.reply, text);
  }
}
