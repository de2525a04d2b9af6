import type { NatsConnection } from '@nats-io/transport-node';

/** `down`: the connection broke. `up`: it is there again, and what was asked before may never be answered. */
export type ConnectionChange = 'down' | 'up' | 'closed';
type Listener = (change: ConnectionChange) => void;

const changes: Readonly<Record<string, ConnectionChange | undefined>> = { disconnect: 'down', reconnect: 'up', close: 'closed' };
const watches = new WeakMap<NatsConnection, Set<Listener>>();

const watch = async (nc: NatsConnection, listeners: ReadonlySet<Listener>): Promise<void> => {
  for await (const { type } of nc.status()) {
    const change = changes[type];
    if (change !== undefined) for (const listener of [...listeners]) listener(change);
  }
};

const listenersOf = (nc: NatsConnection): Set<Listener> => {
  const known = watches.get(nc);
  if (known) return known;
  const listeners = new Set<Listener>();
  watches.set(nc, listeners);
  void watch(nc, listeners);
  return listeners;
};

/** Calls back at each change until the returned function is called. One status iterator for each connection. */
export const onConnectionChange = (nc: NatsConnection, listener: Listener): (() => void) => {
  const listeners = listenersOf(nc);
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Fails as soon as the connection has been made again: what was asked over the one before is lost. */
export const unlessReconnected = async <Value>(nc: NatsConnection, request: Promise<Value>): Promise<Value> => {
  let stop = (): void => undefined;
  const reconnected = new Promise<never>((_resolve, reject) => {
    stop = onConnectionChange(nc, (change) => change !== 'down' && reject(new Error('the connection broke before the answer came')));
  });
  try {
    return await Promise.race([request, reconnected]);
  } finally {
    stop();
  }
};
