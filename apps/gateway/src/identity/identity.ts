import { accepted, refused, type Result } from '@cs/kernel';
import type { HttpErrorCode, ProblemSource } from '@cs/http-api';
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKeyRing } from './api-key-ring.js';
import type { AssertionVerifier } from './assertion-verifier.adapter.js';
import { asAgent, callerOfAssertion, localCaller, type Caller } from './caller.js';
import { isLocallyAddressed, isLoopbackHost, isLoopbackPeer, wasForwarded } from './loopback.js';

/** What of a request can identify its sender. No body and no other header is looked at. */
export interface Sender {
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string | undefined;
  readonly localPort: number | undefined;
}

export interface IdentityOptions {
  readonly host: string;
  readonly localImplicit: boolean;
  readonly localActor: string | undefined;
  /** Absent: no API key is valid. */
  readonly keys: { current(): ApiKeyRing | Promise<ApiKeyRing> } | undefined;
  /** Absent: no assertion is valid. */
  readonly assertions?: Pick<AssertionVerifier, 'verify'> | undefined;
}

type Identified = Result<Caller, ProblemSource>;

const deny = (code: HttpErrorCode, message: string): Identified => refused(code, message);
const credentialPattern = /^[\x21-\x7e]{1,512}$/;
const assertionPattern = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const maxAssertionLength = 12 * 1024;
const maxAgentId = 256;
const maxAncestors = 32;

const textOf = (header: string | readonly string[] | undefined): string => (typeof header === 'string' ? header : (header ?? []).join(', ')).trim();

const bearer = (authorization: string): string | undefined => /^bearer +(\S+)$/i.exec(authorization)?.[1];

/** The key that was sent; `''` for credentials that cannot be one. */
const sentKey = ({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): string | undefined => {
  if (authorization !== undefined) return bearer(authorization) ?? '';
  return Array.isArray(apiKey) ? '' : apiKey;
};

/** Finds out who sent a request. */
export class Identity {
  readonly #options: IdentityOptions;
  readonly #localCaller: Caller;
  readonly #allowsLocal: boolean;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#localCaller = localCaller(options.localActor);
    this.#allowsLocal = options.localImplicit && isLoopbackHost(options.host);
  }

  /** A promise only when the key file has to be looked at, or a signature to be verified. */
  identify(sender: Sender): Identified | Promise<Identified> {
    const key = sentKey(sender.headers);
    if (key === undefined) return this.#withAgent(this.#local(sender), sender);
    if (this.#options.assertions && assertionPattern.test(key)) return this.#byAssertion(key, sender);
    if (!credentialPattern.test(key) || this.#options.keys === undefined) return deny('UNAUTHENTICATED', 'the API key is not valid');
    const ring = this.#options.keys.current();
    if (ring instanceof Promise) return ring.then((current) => this.#withAgent(this.#byKey(current, key), sender));
    return this.#withAgent(this.#byKey(ring, key), sender);
  }

  #byKey(ring: ApiKeyRing, key: string): Identified {
    const caller = ring.find(key);
    return caller === undefined ? deny('UNAUTHENTICATED', 'the API key is not valid') : accepted(caller);
  }

  async #byAssertion(token: string, sender: Sender): Promise<Identified> {
    const verified = token.length <= maxAssertionLength ? await this.#options.assertions?.verify(token) : undefined;
    return verified === undefined ? deny('UNAUTHENTICATED', 'the assertion is not valid') : this.#withAgent(accepted(callerOfAssertion(verified)), sender);
  }

  #local({ headers, remoteAddress, localPort }: Sender): Identified {
    if (!this.#allowsLocal || !isLoopbackPeer(remoteAddress) || wasForwarded(headers)) return deny('UNAUTHENTICATED', 'the request carries no credentials');
    if (!isLocallyAddressed(headers, localPort ?? 0)) return deny('REQUEST_ORIGIN_FORBIDDEN', 'without an API key, this server answers only to its local address, and to no other web page');
    return accepted(this.#localCaller);
  }

  #withAgent(identified: Identified, { headers }: Sender): Identified {
    const agentId = textOf(headers['x-tandem-agent-id']);
    if (!identified.ok || agentId === '') return identified;
    if (agentId.length > maxAgentId) return deny('REQUEST_HEADER_INVALID', `x-tandem-agent-id has more than ${maxAgentId} characters`);
    const ancestors = textOf(headers['x-tandem-agent-ancestor-ids']).split(',').map((id) => id.trim()).filter((id) => id !== '');
    if (ancestors.length > maxAncestors || ancestors.some((id) => id.length > maxAgentId)) return deny('REQUEST_HEADER_INVALID', `x-tandem-agent-ancestor-ids names at most ${maxAncestors} agents of at most ${maxAgentId} characters`);
    return accepted(asAgent(identified.value, agentId, ancestors));
  }
}
