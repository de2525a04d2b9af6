import { LOGGER, type Logger } from '@cs/platform';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createServer, type Socket } from 'node:net';
import type { GatewayConfig } from './config.js';
import { answerClientError } from './http/client-error.js';
import { describeServerError, errorMember } from './http/error-codes.js';
import { ProblemFilter } from './http/problem.filter.js';
import { sendProblem } from './http/problem-answer.js';
import { addRequestHooks } from './http/request-hooks.js';
import { RequestMetrics } from './http/request-metrics.js';
import { Identity } from './identity/identity.js';

const bodyLimit = 1024 * 1024;

/** The HTTP server of the gateway. Create the Nest application with it and with `bodyParser: false`. */
export const createFastifyAdapter = (): FastifyAdapter => {
  const adapter = new FastifyAdapter({
    bodyLimit,
    exposeHeadRoutes: false,
    // Both would be answered by Node without a body; the hooks answer the first, and the second may be ignored.
    http: { requireHostHeader: false },
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 512 },
    // Middleware of Express is not used; without it each request is cheaper.
    skipMiddie: true,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => sendProblem({ request, reply }, describeServerError(error)),
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => answerClientError(error, socket),
  });
  const server = adapter.getInstance().server;
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // Bodies stay bytes until a route reads them: it knows what it takes.
  adapter.getInstance().removeAllContentTypeParsers();
  adapter.useBodyParser('*', false, { bodyLimit });
  return adapter;
};

/** Prepares an application that imports `GatewayModule`. Call once, before it listens. */
export const configureGateway = (app: NestFastifyApplication): void => {
  const logger = app.get<Logger>(LOGGER);
  const server = app.getHttpAdapter().getInstance();
  addRequestHooks(server, { identity: app.get(Identity), metrics: app.get(RequestMetrics), logger });
  app.useGlobalFilters(new ProblemFilter(logger));
};

/** Nest logs a port that is taken, in words of its own, before it throws: so it is asked first. */
const isTaken = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorMember(error, 'code') === 'EADDRINUSE'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(false)));
  });

const taken = ({ HOST, PORT }: Pick<GatewayConfig, 'HOST' | 'PORT'>, cause?: unknown): Error => new Error(`port ${PORT} on ${HOST} is taken; set PORT to another one`, { cause });

/** Begins to listen; answers the address. Throws with advice when the port is taken. */
export const listenGateway = async (app: NestFastifyApplication, config: Pick<GatewayConfig, 'HOST' | 'PORT'>): Promise<string> => {
  const { HOST, PORT } = config;
  if (PORT !== 0 && (await isTaken(PORT, HOST))) throw taken(config);
  try {
    await app.listen(PORT, HOST);
  } catch (error) {
    throw errorMember(error, 'code') === 'EADDRINUSE' ? taken(config, error) : error;
  }
  return app.getUrl();
};
