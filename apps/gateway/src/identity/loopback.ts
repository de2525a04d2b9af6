import type { IncomingHttpHeaders } from 'node:http';

const ipv4Loopback = /^127(?:\.\d{1,3}){3}$/;

/** An address that only this machine reaches. */
export const isLoopbackHost = (host: string): boolean => host === 'localhost' || host === '::1' || host === '[::1]' || ipv4Loopback.test(host);

/** The other end of a socket is on this machine. */
export const isLoopbackPeer = (address: string | undefined): boolean =>
  address !== undefined && (address === '::1' || ipv4Loopback.test(address.startsWith('::ffff:') ? address.slice(7) : address));

const forwarding: ReadonlySet<string> = new Set([
  'forwarded', 'via', 'x-real-ip', 'x-client-ip', 'x-cluster-client-ip', 'cf-connecting-ip', 'true-client-ip', 'fastly-client-ip', 'x-envoy-external-address',
]);

/** A proxy passed the request on: the peer's address then says nothing about the client's. */
export const wasForwarded = (headers: IncomingHttpHeaders): boolean => {
  for (const name in headers) {
    if (name.startsWith('x-forwarded-') || forwarding.has(name)) return true;
  }
  return false;
};

const localNames = ['localhost', '127.0.0.1', '[::1]'];

const isLocalAuthority = (authority: string, port: number): boolean =>
  localNames.some((name) => authority === `${name}:${port}` || (port === 80 && authority === name));

const fromOwnPage = (origin: string | undefined, port: number): boolean =>
  origin === undefined || (origin.startsWith('http://') && isLocalAuthority(origin.slice('http://'.length).toLowerCase(), port));

/** What a browser says about the page behind a request; absent from other clients. */
const ownSites: ReadonlySet<string | string[] | undefined> = new Set([undefined, 'same-origin', 'none']);

/**
 * The request was meant for this server by its local name, and comes from no other web page. A page
 * whose own name was rebound to 127.0.0.1 sends that name as `Host`; another page sends its `Origin`.
 */
export const isLocallyAddressed = (headers: IncomingHttpHeaders, port: number): boolean =>
  isLocalAuthority(headers.host?.toLowerCase() ?? '', port) && ownSites.has(headers['sec-fetch-site']) && fromOwnPage(headers.origin, port);
