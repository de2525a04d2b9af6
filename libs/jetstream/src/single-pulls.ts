import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { onConnectionChange } from './connection-watch.js';
import { Delivery } from './delivery.js';

/** How a request ended. */
export type SinglePullEnd =
  /** Everything asked for has come: there may be more. */
  | 'filled'
  /** The consumer has nothing more now. */
  | 'drained'
  /** There is no such consumer, or nobody answers for it now. */
  | 'absent'
  /** No answer, because the connection broke or the server refused. Messages may still come. */
  | 'unanswered';

export interface SinglePullOptions {
  readonly nc: NatsConnection;
  readonly stream: string;
  /** Called for every message, also for one that comes after its request was given up. */
  readonly onDelivery: (delivery: Delivery) => void;
}

interface Pending {
  readonly inbox: string;
  readonly end: (end: SinglePullEnd) => void;
  readonly timer: NodeJS.Timeout;
  remaining: number;
}

const patienceMs = 2000;
const noResponders = 503;
const noMessages = 404;

/**
 * Asks many consumers of a stream for what they have at this moment, over one subscription. Nothing is
 * left open at the server, so that consumers nobody asks cost nothing.
 */
export class SinglePulls {
  readonly #options: SinglePullOptions;
  readonly #prefix = createInbox();
  readonly #subscription: Subscription;
  readonly #unwatch: () => void;
  /** By consumer: a delivery says where it comes from, but not which request it answers. */
  readonly #pending = new Map<string, Pending>();
  #requests = 0;

  constructor(options: SinglePullOptions) {
    this.#options = options;
    this.#subscription = options.nc.subscribe(`${this.#prefix}.*.*`, { callback: (error, message) => void (error === null && this.#receive(message)) });
    this.#unwatch = onConnectionChange(options.nc, () => this.#giveUpAll());
  }

  /** One request for each consumer at a time. */
  pull(consumer: string, batch: number): Promise<SinglePullEnd> {
    const { nc, stream } = this.#options;
    if (nc.isClosed()) return Promise.resolve('unanswered');
    this.#requests += 1;
    const inbox = `${this.#prefix}.${consumer}.${this.#requests}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end(consumer, 'unanswered'), patienceMs);
      this.#pending.set(consumer, { inbox, end: resolve, timer, remaining: batch });
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify({ batch, no_wait: true }), { reply: inbox });
    });
  }

  close(): void {
    this.#giveUpAll();
    this.#unwatch();
    this.#subscription.unsubscribe();
  }

  #giveUpAll(): void {
    for (const consumer of [...this.#pending.keys()]) this.#end(consumer, 'unanswered');
  }

  #end(consumer: string, end: SinglePullEnd): void {
    const pending = this.#pending.get(consumer);
    if (pending === undefined) return;
    this.#pending.delete(consumer);
    clearTimeout(pending.timer);
    pending.end(end);
  }

  #receive(message: Msg): void {
    const delivery = Delivery.of(this.#options.nc, message);
    if (delivery === undefined) return this.#status(message);
    this.#options.onDelivery(delivery);
    const pending = this.#pending.get(delivery.consumer);
    if (pending === undefined) return;
    pending.remaining -= 1;
    if (pending.remaining === 0) this.#end(delivery.consumer, 'filled');
  }

  #status(message: Msg): void {
    const consumer = message.subject.split('.').at(-2) ?? '';
    if (this.#pending.get(consumer)?.inbox !== message.subject) return;
    const code = message.headers?.code ?? 0;
    if (code === noResponders) this.#end(consumer, 'absent');
    else this.#end(consumer, code === noMessages ? 'drained' : 'unanswered');
  }
}
