import { buildProblem, problemMediaType, retryAfterSeconds, statusOfCode, type HttpErrorCode, type ProblemDocument, type ProblemSource } from '@cs/http-api';
import { beginExchange, type Exchange } from './exchange.js';

/** A refusal on its way to the client. */
export interface Refused extends ProblemSource {
  readonly retryAfterS?: number | undefined;
}

export const pathOf = (url: string): string => url.split('?', 1)[0] ?? '/';

/** The path for a log line: an address that is a secret shows as its pattern. */
export const loggedPath = ({ url, route }: Exchange['request']): string => (route?.path.includes('{public_token}') === true ? route.path : pathOf(url));

/** Sets status and headers of a refusal and returns its body. */
export const problemAnswer = (exchange: Exchange, refusal: Refused): ProblemDocument => {
  beginExchange(exchange);
  const { request, reply } = exchange;
  reply.code(statusOfCode(refusal.code)).type(problemMediaType);
  const retryAfter = retryAfterSeconds(refusal.code, refusal.retryAfterS);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  if (refusal.code === ('UNAUTHENTICATED' satisfies HttpErrorCode)) reply.header('www-authenticate', 'Bearer realm="countersign"');
  return buildProblem(refusal, { instance: loggedPath(request), correlationId: request.correlationId });
};

/** Answers a refusal at once, outside a handler. */
export const sendProblem = (exchange: Exchange, refusal: Refused): void => {
  exchange.reply.send(JSON.stringify(problemAnswer(exchange, refusal)));
};
