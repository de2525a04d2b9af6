import type { ProblemSource } from '@cs/http-api';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../identity/caller.js';
import type { Identity } from '../identity/identity.js';
import type { PageSecrets } from './page-secrets.js';
import { credentialOf } from './page-session.js';

/** Who looks at a page. */
export type PageVisitor =
  | { readonly kind: 'known'; readonly caller: Caller; readonly bySession: boolean }
  | { readonly kind: 'unknown'; readonly refusal: ProblemSource };

interface Options {
  readonly identity: Identity;
  readonly secrets: PageSecrets;
  readonly nowMs: number;
}

const carriesCredential = ({ authorization, 'x-api-key': key }: FastifyRequest['headers']): boolean => authorization !== undefined || key !== undefined;

const headersOf = ({ headers }: FastifyRequest, { secrets, nowMs }: Options): FastifyRequest['headers'] => {
  const credential = carriesCredential(headers) ? undefined : credentialOf(secrets, headers.cookie, nowMs);
  return credential === undefined ? headers : { ...headers, authorization: `Bearer ${credential}` };
};

/** Finds out who looks at a page: by the request's own credential, the one of its session, or as the local person. */
export const visitorOf = async (request: FastifyRequest, options: Options): Promise<PageVisitor> => {
  const headers = headersOf(request, options);
  const identified = await options.identity.identify({ headers, remoteAddress: request.socket.remoteAddress, localPort: request.socket.localPort });
  if (!identified.ok) return { kind: 'unknown', refusal: identified.refusal };
  request.caller = identified.value;
  return { kind: 'known', caller: identified.value, bySession: headers !== request.headers };
};

const hostOf = (url: string | undefined): string | undefined => {
  try {
    return url === undefined ? undefined : new URL(url).host;
  } catch {
    return undefined;
  }
};

/**
 * A form was sent by a page of this server, as a browser vouches for it: by `Sec-Fetch-Site`, and by `Origin`, which
 * names this server or the public address. One of both has to be there.
 */
export const isOwnForm = ({ headers }: FastifyRequest, publicUrl: string | undefined): boolean => {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return site === 'same-origin';
  const sender = hostOf(origin);
  return sender !== undefined && (sender === host?.toLowerCase() || sender === hostOf(publicUrl));
};
