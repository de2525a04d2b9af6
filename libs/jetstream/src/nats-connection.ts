import { connect, type NatsConnection } from '@nats-io/transport-node';

export interface NatsOptions {
  /** One server, or several separated by commas. */
  readonly url: string;
  /** Shows in the server's connection list. */
  readonly name: string;
}

/** Connects and keeps reconnecting for ever. Waits for the first connection too: start order does not matter. */
export const connectNats = ({ url, name }: NatsOptions): Promise<NatsConnection> =>
  connect({
    servers: url.split(','), name,
    maxReconnectAttempts: -1, reconnectTimeWait: 250, reconnectJitter: 100, waitOnFirstConnect: true,
    pingInterval: 5000, maxPingOut: 3, ignoreAuthErrorAbort: true,
    // A stack per request costs more than the request.
    noAsyncTraces: true,
  });
