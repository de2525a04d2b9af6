import { attribute, isTracing, openSpan, runAttribute, tenantAttributes, traceparentName } from '@cs/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../identity/caller.js';

const firstServerError = 500;

/** Begins the span of a request that is identified and continues its `traceparent`, which says nothing about who calls. */
export const beginSpan = (request: FastifyRequest, { tenant }: Caller): void => {
  if (!isTracing() || request.route === undefined) return;
  const { method, route: { path }, headers, params } = request;
  request.span = openSpan({
    name: `${method} ${path}`, kind: 'server', received: { traceparent: headers[traceparentName]?.toString() },
    attributes: { 'http.request.method': method, 'http.route': path, ...tenantAttributes(tenant), ...runAttribute(params) },
  });
};

const endSpan = ({ span }: FastifyRequest, { statusCode }: FastifyReply): void => {
  if (span === undefined) return;
  span.set({ 'http.response.status_code': statusCode });
  if (statusCode >= firstServerError) span.fail(String(statusCode));
  span.end();
};

/** Handlers run within the span of their request. Call once, when it is decided whether this process is traced. */
export const addSpanHooks = (server: FastifyInstance): void => {
  server.decorateRequest('span', undefined);
  if (!isTracing()) return;
  // Not earlier: what reads the body answers out of the socket's events, which do not know the request.
  server.addHook('preHandler', (request, _reply, done) => (request.span === undefined ? done() : request.span.run(done)));
  server.addHook('onResponse', (request, reply, done) => {
    endSpan(request, reply);
    done();
  });
  server.addHook('onRequestAbort', (request, done) => {
    request.span?.set({ [attribute.outcome]: 'aborted' });
    done();
  });
};
