import { createInbox, nanos, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { onConnectionChange, type ConnectionChange } from './connection-watch.js';
import { Delivery } from './delivery.js';

/** How a request for messages ended. */
export type PullEnd =
  /** Everything asked for has come, or its time is over: ask again. */
  | { readonly kind: 'answered' }
  /** The consumer or the connection may be gone: look after them before asking again. */
  | { readonly kind: 'interrupted'; readonly reason: string }
  | { readonly kind: 'stopped' };

export interface PullOptions {
  readonly nc: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  /** Called for each message as it arrives, never for more than were asked for. */
  readonly onDelivery: (delivery: Delivery) => void;
}

interface Pending {
  readonly inbox: string;
  readonly end: (end: PullEnd) => void;
  remaining: number;
  received: number;
}

/** How long the server keeps a request open. */
const expiresMs = 10_000;
/** The server says that often that a request is still open. */
const heartbeatMs = 1000;
const silenceMs = 3 * heartbeatMs;
/** A stop during an outage does not wait for the broker. */
const drainPatienceMs = 1000;

const heartbeat = 100;
/** Statuses of the server that end a request in good order: no messages, time over. */
const endings: ReadonlySet<number> = new Set([404, 408]);

const statusOf = ({ headers }: Msg): { readonly code: number; readonly description: string } => ({ code: headers?.code ?? 0, description: headers?.description ?? '' });

/**
 * Asks one pull consumer for messages, one request at a time. The client library's own `consume`
 * asks again by itself, also while nothing is taken off its queue, so neither leases nor memory can
 * be accounted for; here nothing is on its way that nobody asked for.
 */
export class PullRequests {
  readonly #options: PullOptions;
  readonly #prefix: string;
  readonly #subscription: Subscription;
  readonly #unwatch: () => void;
  readonly #watchdog: NodeJS.Timeout;
  #pending: Pending | undefined;
  #requests = 0;
  #connected = true;
  #ended: PullEnd | undefined;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#prefix = createInbox();
    this.#subscription = options.nc.subscribe(`${this.#prefix}.*`, {
      callback: (error, message) => (error ? this.#end({ kind: 'interrupted', reason: error.message }) : this.#receive(message)),
    });
    this.#unwatch = onConnectionChange(options.nc, (change) => this.#connectionChanged(change));
    this.#watchdog = setTimeout(() => this.#silent(), silenceMs);
  }

  /** Asks for up to `batch` messages; resolves when the request has ended. */
  pull(batch: number): Promise<PullEnd> {
    if (this.#ended) return Promise.resolve(this.#ended);
    const { nc, stream, consumer } = this.#options;
    this.#requests += 1;
    const inbox = `${this.#prefix}.${this.#requests}`;
    return new Promise((resolve) => {
      this.#pending = { inbox, end: resolve, remaining: batch, received: 0 };
      this.#watchdog.refresh();
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify({ batch, expires: nanos(expiresMs), idle_heartbeat: nanos(heartbeatMs) }), { reply: inbox });
    });
  }

  /** Ends the request that is open, and all later ones. */
  interrupt(reason: string): void {
    this.#ended ??= { kind: 'interrupted', reason };
    this.#end(this.#ended);
  }

  /** Takes what is still on its way, then lets go. Never asks again. */
  async close(): Promise<void> {
    this.#ended ??= { kind: 'stopped' };
    this.#end(this.#ended);
    clearTimeout(this.#watchdog);
    this.#unwatch();
    if (this.#subscription.isClosed()) return;
    const timer = new AbortController();
    const patience = delay(drainPatienceMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.#subscription.drain().catch(() => undefined), patience]);
    timer.abort();
    this.#subscription.unsubscribe();
  }

  #end(end: PullEnd): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.end(end);
  }

  #receive(message: Msg): void {
    this.#watchdog.refresh();
    const delivery = Delivery.of(this.#options.nc, message);
    if (delivery === undefined) return this.#status(message);
    const pending = this.#pending;
    if (pending) {
      pending.remaining -= 1;
      pending.received += 1;
    }
    this.#options.onDelivery(delivery);
    if (pending?.remaining === 0) this.#end({ kind: 'answered' });
  }

  #status(message: Msg): void {
    const { code, description } = statusOf(message);
    if (code === heartbeat || this.#pending?.inbox !== message.subject) return;
    const cutShort = code === 409 && this.#pending.received > 0;
    if (cutShort || endings.has(code)) this.#end({ kind: 'answered' });
    else this.interrupt(`${code} ${description}`);
  }

  #silent(): void {
    if (this.#pending && this.#connected) this.interrupt(`no sign of the consumer for ${silenceMs} ms`);
    else this.#watchdog.refresh();
  }

  #connectionChanged(change: ConnectionChange): void {
    this.#connected = change === 'up';
    if (change !== 'down') this.interrupt(change === 'up' ? 'the connection was made again' : 'the connection is closed');
  }
}
