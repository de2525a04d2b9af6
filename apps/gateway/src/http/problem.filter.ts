import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { methodsOfPath } from '@cs/http-api';
import type { Logger } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeServerError } from './error-codes.js';
import type { Exchange } from './exchange.js';
import { loggedPath, pathOf, sendProblem } from './problem-answer.js';

const causeOf = (exception: unknown): unknown => (exception instanceof Error && exception.cause !== undefined ? exception.cause : exception);

/** Every error of an HTTP request ends here as problem+json; what it was in detail only the log tells. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(exception: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw exception instanceof Error ? exception : new Error(String(exception));
    const http = host.switchToHttp();
    this.#answer({ request: http.getRequest<FastifyRequest>(), reply: http.getResponse<FastifyReply>() }, exception);
  }

  #answer(exchange: Exchange, exception: unknown): void {
    const { request, reply } = exchange;
    if (reply.sent || reply.raw.headersSent) {
      this.#logger.error({ err: exception, correlation_id: request.correlationId }, 'failed after the answer had begun');
      return;
    }
    const described = describeServerError(causeOf(exception));
    if (described.code === 'ROUTE_NOT_FOUND') return this.#unknownRoute(exchange);
    if (described.code === 'INTERNAL') this.#logger.error({ err: exception, correlation_id: request.correlationId, path: loggedPath(request) }, 'request failed');
    sendProblem(exchange, described);
  }

  #unknownRoute(exchange: Exchange): void {
    const { method, url } = exchange.request;
    const path = pathOf(url);
    const methods = methodsOfPath(path);
    if (methods.length === 0) return sendProblem(exchange, { code: 'ROUTE_NOT_FOUND', message: `there is no route ${method} ${path}` });
    exchange.reply.header('allow', methods.join(', '));
    sendProblem(exchange, { code: 'METHOD_NOT_ALLOWED', message: `${path} takes ${methods.join(' and ')}, not ${method}` });
  }
}
