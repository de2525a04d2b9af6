import type { CallContext } from '@cs/contracts';
import type { RouteDefinition } from '@cs/http-api';
import type { OpenSpan } from '@cs/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { Caller } from '../identity/caller.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    route?: RouteDefinition;
  }
  interface FastifyRequest {
    /** Empty until `beginExchange`; not there at all on a request that the router could not read. */
    correlationId: string;
    caller: Caller | undefined;
    /** The catalogue's route; absent for an unknown path. */
    route: RouteDefinition | undefined;
    startedAt: number;
    /** Of an identified request, where this process is traced. */
    span: OpenSpan | undefined;
  }
}

/** A request and the answer to it. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export const decorateRequests = (server: FastifyInstance): void => {
  server.decorateRequest('correlationId', '');
  server.decorateRequest('caller', undefined);
  server.decorateRequest('route', undefined);
  server.decorateRequest('startedAt', 0);
};

const correlationPattern = /^[A-Za-z0-9._:-]{1,128}$/;

/** The client's correlation id when it can be one, else a new one. */
export const correlationIdOf = (sent: string | readonly string[] | undefined): string =>
  typeof sent === 'string' && correlationPattern.test(sent) ? sent : randomUUID();

/** On every answer: nothing is cached, framed, sniffed or executed. Pages widen the policy for themselves. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export const correlationHeader = 'x-correlation-id';

/** Runs first for every request that reached the router, also for one that no route takes. */
export const beginExchange = ({ request, reply }: Exchange): void => {
  if (request.correlationId) return;
  request.correlationId = correlationIdOf(request.headers[correlationHeader]);
  request.startedAt = performance.now();
  reply.headers(securityHeaders).header(correlationHeader, request.correlationId);
};

/** What travels with a call. Only for routes that need credentials; their caller is known before the handler runs. */
export const callContext = ({ caller, correlationId }: FastifyRequest): CallContext => {
  if (caller === undefined) throw new Error('a handler of a tenant route ran without a caller');
  return { ...caller, correlation_id: correlationId };
};
