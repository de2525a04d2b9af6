import { connect, type Socket } from 'node:net';
import { describeNotSent } from './describe-failure.js';
import { createEgressPolicy, plainHost } from './egress-policy.js';
import { EgressDeniedError, guardedLookup, systemResolve, type Resolve } from './guarded-lookup.js';
import type { OutboundResult } from './outbound-result.js';

export interface OutboundSocketsOptions {
  /** Hosts, IP addresses and CIDRs that are reachable although they are not public. */
  readonly egressAllow: readonly string[];
  /** Resolves names. Default: the operating system. */
  readonly resolve?: Resolve;
}

export interface SocketAddress {
  /** Name or IP address. */
  readonly host: string;
  readonly port: number;
  /** Limit for making the connection, the look-up of the name included. */
  readonly timeoutMs: number;
}

export type OutboundSocket = { readonly kind: 'connected'; readonly socket: Socket } | Extract<OutboundResult, { kind: 'not_sent' }>;

/** Connections of protocols that are not HTTP. Who asked for one closes it. */
export interface OutboundSockets {
  /** Never throws. */
  connect(address: SocketAddress): Promise<OutboundSocket>;
}

/** TCP connections under the egress policy: a name connects only to addresses that were judged. Throws when `egressAllow` has an entry that cannot be read. */
export const createOutboundSockets = ({ egressAllow, resolve = systemResolve }: OutboundSocketsOptions): OutboundSockets => {
  const policy = createEgressPolicy(egressAllow);
  const lookup = guardedLookup(policy, resolve);
  return {
    connect: ({ host: given, port, timeoutMs }) => new Promise((settle) => {
      const host = plainHost(given);
      const isAddress = host.includes(':') || /^[\d.]+$/.test(host);
      const range = isAddress && !policy.allowsHost(host) ? policy.refusedRange(host) : undefined;
      if (range !== undefined) return void settle(describeNotSent(new EgressDeniedError(range)));
      const socket = connect({ host, port, lookup });
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        socket.destroy();
        settle(describeNotSent(error));
      };
      const timer = setTimeout(() => fail(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), timeoutMs);
      socket.once('error', fail).once('connect', () => {
        clearTimeout(timer);
        // Without a listener an error that comes before the caller listens ends the process.
        socket.off('error', fail).on('error', () => undefined);
        settle({ kind: 'connected', socket });
      });
    }),
  };
};
