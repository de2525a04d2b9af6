import { natsServers } from '@cs/platform';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';

export interface NatsOptions {
  /** One server, or several separated by commas. */
  readonly url: string;
  /** Shows in the server's connection list. */
  readonly name: string;
}

/** Connects and keeps reconnecting for ever. Waits for the first connection too: start order does not matter. */
export const connectNats = ({ url, name }: NatsOptions): Promise<NatsConnection> =>
  connect({
    ...natsServers(url), name,
    maxReconnectAttempts: -1, reconnectTimeWait: 250, reconnectJitter: 100, waitOnFirstConnect: true,
    pingInterval: 5000, maxPingOut: 3, ignoreAuthErrorAbort: true,
    // A stack per request costs more than the request.
    noAsyncTraces: true,
  });

const drainPatienceMs = 3000;

/** Sends what is still to be sent, then ends the connection; without the former when the server is away. */
export const endConnection = async (nc: NatsConnection): Promise<void> => {
  const timer = new AbortController();
  const patience = delay(drainPatienceMs, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([nc.isClosed() ? undefined : nc.drain().catch(() => undefined), patience]);
  timer.abort();
  await nc.close();
};
