import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { EgressPolicy } from './egress-policy.js';

/** The policy forbids the address that a connection would go to. */
export class EgressDeniedError extends Error {
  override readonly name = 'EgressDeniedError';
  readonly code = 'EGRESS_DENIED';
  constructor(range: string) {
    super(`the host has a ${range} address, which steps may not reach unless COUNTERSIGN_EGRESS_ALLOW names it`);
  }
}

/** Resolves a host to all its addresses. */
export type Resolve = (hostname: string, callback: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

/** The operating system's resolver, in the order it gives. */
export const systemResolve: Resolve = (hostname, callback) => {
  systemLookup(hostname, { all: true }, (error, addresses) => callback(error, error ? [] : addresses));
};

const matching = (addresses: readonly LookupAddress[], family: number | string | undefined): readonly LookupAddress[] => {
  const wanted = family === 4 || family === 'IPv4' ? 4 : family === 6 || family === 'IPv6' ? 6 : 0;
  return wanted === 0 ? addresses : addresses.filter((address) => address.family === wanted);
};

/**
 * A `lookup` for sockets that answers only with addresses the policy allows. As the socket connects to
 * exactly what this answers, a name cannot be checked with one address and used with another.
 */
export const guardedLookup = (policy: EgressPolicy, resolve: Resolve): LookupFunction => (hostname, options, callback) => {
  resolve(hostname, (error, found) => {
    const addresses = matching(found, options.family);
    const allowed = policy.allowsHost(hostname) ? addresses : addresses.filter(({ address }) => policy.refusedRange(address) === undefined);
    const [first] = allowed;
    if (error) callback(error, '', 0);
    else if (first) {
      if (options.all) callback(null, [...allowed]);
      else callback(null, first.address, first.family);
    } else {
      const [refused] = addresses;
      const denied = refused ? new EgressDeniedError(policy.refusedRange(refused.address) ?? 'unknown') : Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' });
      callback(denied, '', 0);
    }
  });
};
