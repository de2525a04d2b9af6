import { currentTraceparent, inSpan, traceparentName, type OpenSpan } from '@cs/telemetry';
import type { OutboundRequest } from './outbound-http.js';
import type { OutboundResult } from './outbound-result.js';

const firstErrorStatus = 400;

/** What the caller wrote itself stays. */
const withTraceparent = (request: OutboundRequest, traceparent: string): OutboundRequest => {
  const { headers = {} } = request;
  const isThere = Object.keys(headers).some((name) => name.toLowerCase() === traceparentName);
  return isThere ? request : { ...request, headers: { ...headers, [traceparentName]: traceparent } };
};

const mark = (span: OpenSpan, result: OutboundResult): void => {
  if (result.kind !== 'answered') return span.fail(result.reason);
  span.set({ 'http.response.status_code': result.status });
  if (result.status >= firstErrorStatus) span.fail(String(result.status));
};

/** Sends a request as a part of what is under way. Address, headers and bodies are no part of the span: they may hold secrets. */
export const requestTraced = async (request: OutboundRequest, send: (request: OutboundRequest) => Promise<OutboundResult>): Promise<OutboundResult> => {
  if (currentTraceparent() === undefined) return await send(request);
  return await inSpan({ name: request.method, kind: 'client', attributes: { 'http.request.method': request.method, ...request.propagate?.attributes } }, async (span) => {
    const result = await send(request.propagate === undefined || span.traceparent === undefined ? request : withTraceparent(request, span.traceparent));
    mark(span, result);
    return result;
  });
};
