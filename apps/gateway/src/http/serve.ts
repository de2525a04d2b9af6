import type { CallContext, RpcReply } from '@cs/contracts';
import type { RouteDefinition, RouteInput } from '@cs/http-api';
import { callContext, type Exchange } from './exchange.js';
import { problemAnswer } from './problem-answer.js';
import { readInput } from './read-input.js';

export const positionHeader = 'countersign-position';

interface Handler<Route extends RouteDefinition, Value> {
  readonly call: (input: RouteInput<Route>, context: CallContext) => Promise<RpcReply<Value>>;
  /** The answer's body. */
  readonly view: (value: Value, input: RouteInput<Route>) => unknown;
}

/** Serves a route whose answer comes from a service: parse, call, map. */
export const serve = async <Route extends RouteDefinition, Value>(route: Route, exchange: Exchange, { call, view }: Handler<Route, Value>): Promise<unknown> => {
  const input = readInput(route, exchange.request);
  if (!input.ok) return problemAnswer(exchange, input.refusal);
  const reply = await call(input.value, callContext(exchange.request));
  if (!reply.ok) return problemAnswer(exchange, { ...reply.refusal, retryAfterS: reply.retry_after_s });
  if (reply.position !== undefined) exchange.reply.header(positionHeader, String(reply.position));
  return view(reply.value, input.value);
};

const json = 'application/json; charset=utf-8';

/** Serves a route whose answer a service has written: the bytes go on as they came. */
export const serveWritten = async <Route extends RouteDefinition>(route: Route, exchange: Exchange, relay: Handler<Route, Uint8Array>['call']): Promise<unknown> => {
  const input = readInput(route, exchange.request);
  if (!input.ok) return problemAnswer(exchange, input.refusal);
  const reply = await relay(input.value, callContext(exchange.request));
  if (!reply.ok) return problemAnswer(exchange, { ...reply.refusal, retryAfterS: reply.retry_after_s });
  exchange.reply.type(json);
  return Buffer.from(reply.value.buffer, reply.value.byteOffset, reply.value.byteLength);
};
