import type { SpanAttributes } from '@cs/telemetry';
import { Agent } from 'undici';
import { createEgressPolicy, plainHost, type EgressPolicy } from './egress-policy.js';
import { Exchange, type Stop } from './exchange.js';
import { EgressDeniedError, guardedLookup, systemResolve, type Resolve } from './guarded-lookup.js';
import type { NotSentReason, OutboundResult } from './outbound-result.js';
import { nextHop, type Hop } from './redirect.js';
import { requestTraced } from './traced-request.js';

export interface OutboundHttpOptions {
  /** Hosts (`payments.internal`, `*.internal`), IP addresses and CIDRs that are reachable although they are not public. */
  readonly egressAllow: readonly string[];
  /** Longest body that is read, in bytes. Default 1 MiB. */
  readonly maxResponseBytes?: number;
  /** Limit for making a connection, TLS included. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Default `Countersign/1`. */
  readonly userAgent?: string;
  /** Connections to one origin; further requests wait. Default 64. */
  readonly maxSocketsPerOrigin?: number;
  /** Resolves names. Default: the operating system. */
  readonly resolve?: Resolve;
}

export interface OutboundRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Limit for the whole, from the call to the last byte of the last answer, redirects included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Redirects to follow. Default 0: the redirect is the answer. */
  readonly maxRedirects?: number;
  /** The peer is told the trace that the request belongs to, in a `traceparent` header; `attributes` are of its span. Default: it is not. */
  readonly propagate?: { readonly attributes: SpanAttributes };
}

export interface OutboundHttp {
  /** Sends one request. Never throws. */
  request(request: OutboundRequest): Promise<OutboundResult>;
  /** Ends every connection and every request in flight. */
  close(): Promise<void>;
}

const maxIdleMs = 3_000;
const maxHeaderBytes = 32 * 1024;
const neverStopped = new AbortController().signal;

const notSent = (reason: NotSentReason, message: string): OutboundResult => ({ kind: 'not_sent', reason, message });

const parse = (text: string): URL | undefined => {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
};

const isAddress = (host: string): boolean => host.includes(':') || /^[\d.]+$/.test(host);

/** Judges a URL before it is connected to. Names are judged when they are resolved, addresses in the URL here. */
const refuse = (policy: EgressPolicy, url: URL): OutboundResult | undefined => {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return notSent('request_invalid', 'only http and https URLs can be requested');
  if (url.username + url.password !== '') return notSent('request_invalid', 'credentials do not belong in a URL; send a header');
  const host = plainHost(url.hostname);
  if (!isAddress(host) || policy.allowsHost(host)) return undefined;
  const range = policy.refusedRange(host);
  return range === undefined ? undefined : notSent('egress_denied', new EgressDeniedError(range).message);
};

/** After the first hop something has left the process, so nothing is `not_sent` any more. */
const afterRedirect = (result: OutboundResult): OutboundResult =>
  result.kind === 'not_sent'
    ? { kind: 'unknown', reason: result.reason === 'request_invalid' ? 'response_malformed' : result.reason, message: `after a redirect: ${result.message}` }
    : result;

/** A request in progress: its hops under one deadline and one signal. */
class Journey {
  #exchange: Exchange | undefined;
  #stopped: Stop | undefined;

  constructor(readonly send: (hop: Hop, exchange: Exchange) => void, readonly policy: EgressPolicy, readonly maxBytes: number) {}

  async run(first: Hop, maxRedirects: number): Promise<OutboundResult> {
    let hop = first;
    for (let redirects = 0; ; redirects += 1) {
      const result = await this.#exchangeOnce(hop);
      const next = result.kind === 'answered' && redirects < maxRedirects ? nextHop(hop, result.status, result.headers['location']) : undefined;
      if (!next) return redirects === 0 ? result : afterRedirect(result);
      hop = next;
    }
  }

  stop(stop: Stop): void {
    this.#stopped = stop;
    this.#exchange?.stop(stop);
  }

  #exchangeOnce(hop: Hop): Promise<OutboundResult> {
    const refusal = this.#stopped ? notSent(this.#stopped.reason, this.#stopped.message) : refuse(this.policy, hop.url);
    if (refusal) return Promise.resolve(refusal);
    const exchange = new Exchange(this.maxBytes);
    this.#exchange = exchange;
    this.send(hop, exchange);
    return exchange.result;
  }
}

const aborted: Stop = { reason: 'aborted', message: 'the request was aborted' };

const withinLimits = async (journey: Journey, first: Hop, { timeoutMs, signal = neverStopped, maxRedirects = 0 }: OutboundRequest): Promise<OutboundResult> => {
  if (signal.aborted) return notSent('aborted', aborted.message);
  const timer = setTimeout(() => journey.stop({ reason: 'timeout', message: `no complete answer within ${timeoutMs} ms` }), timeoutMs);
  const abort = (): void => journey.stop(aborted);
  if (signal !== neverStopped) signal.addEventListener('abort', abort, { once: true });
  try {
    return await journey.run(first, maxRedirects);
  } finally {
    clearTimeout(timer);
    if (signal !== neverStopped) signal.removeEventListener('abort', abort);
  }
};

/**
 * Requests to the outside under the egress policy: pooled connections, bounded in time, size and
 * number, answers as they came (compressed ones are not asked for and not decompressed).
 * Throws when `egressAllow` has an entry that cannot be read.
 */
export const createOutboundHttp = (options: OutboundHttpOptions): OutboundHttp => {
  const policy = createEgressPolicy(options.egressAllow);
  const defaults = { 'user-agent': options.userAgent ?? 'Countersign/1', 'accept-encoding': 'identity' };
  const agent = new Agent({
    connections: options.maxSocketsPerOrigin ?? 64,
    pipelining: 1,
    // An idle connection is given up before usual servers do (5 s): writing to one that the peer has
    // just closed would leave the outcome of that request unknown.
    keepAliveTimeout: maxIdleMs,
    keepAliveMaxTimeout: maxIdleMs,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: options.connectTimeoutMs ?? 10_000, lookup: guardedLookup(policy, options.resolve ?? systemResolve) },
  });
  const send = (hop: Hop, exchange: Exchange): void => {
    const { method, url, headers, body } = hop;
    agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method, headers: { ...headers }, ...(body === undefined ? {} : { body }) }, exchange);
  };
  const lowerCase = (headers: Readonly<Record<string, string>> = {}): Record<string, string> => {
    const merged: Record<string, string> = { ...defaults };
    for (const name of Object.keys(headers)) merged[name.toLowerCase()] = headers[name] ?? '';
    return merged;
  };
  const request = async (sent: OutboundRequest): Promise<OutboundResult> => {
    const url = parse(sent.url);
    if (!url) return notSent('request_invalid', 'the URL cannot be read');
    const first: Hop = { method: sent.method, url, headers: lowerCase(sent.headers), ...(sent.body === undefined ? {} : { body: sent.body }) };
    return await withinLimits(new Journey(send, policy, options.maxResponseBytes ?? 1024 * 1024), first, sent);
  };
  return {
    request: (sent) => requestTraced(sent, request),
    close: () => agent.destroy(),
  };
};
