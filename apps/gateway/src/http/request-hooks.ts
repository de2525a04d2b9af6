import type { HttpErrorCode, ProblemSource } from '@cs/http-api';
import type { Result } from '@cs/kernel';
import type { Logger } from '@cs/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../identity/caller.js';
import type { Identity } from '../identity/identity.js';
import { beginExchange, decorateRequests, type Exchange } from './exchange.js';
import { loggedPath, sendProblem } from './problem-answer.js';
import type { RequestMetrics } from './request-metrics.js';
import { addSpanHooks, beginSpan } from './request-span.js';

interface Hooks {
  readonly identity: Identity;
  readonly metrics: RequestMetrics;
  readonly logger: Logger;
}

/** Admits an identified request and answers another, before its body is read. */
const admit = (identified: Result<Caller, ProblemSource>, exchange: Exchange): boolean => {
  if (!identified.ok) {
    sendProblem(exchange, identified.refusal);
    return false;
  }
  exchange.request.caller = identified.value;
  beginSpan(exchange.request, identified.value);
  return true;
};

const isPromise = <Value>(value: Value | Promise<Value>): value is Promise<Value> => value instanceof Promise;

const levelOf = (status: number): 'debug' | 'info' | 'warn' | 'error' => {
  if (status === 503) return 'warn';
  if (status >= 500) return 'error';
  return status >= 400 ? 'info' : 'debug';
};

/** A probe says on its own what it finds. */
const isProbe = ({ route }: FastifyRequest): boolean => route?.path === '/readyz' || route?.path === '/healthz';

const logRequest = (logger: Logger, request: FastifyRequest, { status, durationMs }: { readonly status: number; readonly durationMs: number }): void => {
  const level = isProbe(request) ? 'debug' : levelOf(status);
  if (!logger.isLevelEnabled(level)) return;
  logger[level](
    { method: request.method, path: loggedPath(request), status, duration_ms: Math.round(durationMs * 10) / 10, correlation_id: request.correlationId, org_id: request.caller?.tenant.org_id, actor: request.caller?.actor.actor_id },
    'request',
  );
};

/** RFC 9112, section 3.2. Node's own answer to this would have no body. */
const noHost: ProblemSource & { readonly code: HttpErrorCode } = { code: 'REQUEST_MALFORMED', message: 'the request has no Host header' };

/** What happens around every request. Hooks of the server and no guards: a request is identified before its body is read. */
export const addRequestHooks = (server: FastifyInstance, { identity, metrics, logger }: Hooks): void => {
  decorateRequests(server);
  addSpanHooks(server);
  server.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    const exchange = { request, reply };
    beginExchange(exchange);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') return sendProblem(exchange, noHost);
    request.route = request.routeOptions.config.route;
    if (request.route?.access !== 'tenant') return done();
    const identified = identity.identify({ headers: request.headers, remoteAddress: request.socket.remoteAddress, localPort: request.socket.localPort });
    const proceed = (outcome: Result<Caller, ProblemSource>): void => {
      if (admit(outcome, exchange)) done();
    };
    if (isPromise(identified)) identified.then(proceed, done);
    else proceed(identified);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const durationMs = performance.now() - request.startedAt;
    metrics.observe({ method: request.method, route: request.route?.path ?? 'unknown', status: reply.statusCode, durationMs });
    logRequest(logger, request, { status: reply.statusCode, durationMs });
    done();
  });
};
