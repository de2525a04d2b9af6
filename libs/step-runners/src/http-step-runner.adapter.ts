import type { HttpStep, HttpStepRunner, StepOutcome } from '@cs/automation-application';
import type { OutboundHttp, OutboundRequest } from '@cs/outbound-http';
import { attribute } from '@cs/telemetry';
import { outcomeOf } from './http-step-outcome.js';
import { redactionOf } from './redaction.js';

const maxReadRedirects = 5;

const withQuery = (url: string, query: Readonly<Record<string, string>>): string => {
  const names = Object.keys(query);
  if (names.length === 0) return url;
  const full = new URL(url);
  for (const name of names) full.searchParams.append(name, query[name] ?? '');
  return full.href;
};

const hasHeader = (headers: Readonly<Record<string, string>>, name: string): boolean => Object.keys(headers).some((header) => header.toLowerCase() === name);

/** The peer must see one key and no other: a header of the same name in another spelling gives way. */
const withHeader = (headers: Readonly<Record<string, string>>, name: string, value: string): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(headers).filter(([header]) => header.toLowerCase() !== name.toLowerCase())),
  [name]: value,
});

/** A string is sent as it is, anything else as JSON. */
const withBody = (headers: Record<string, string>, body: HttpStep['body']): Pick<OutboundRequest, 'headers' | 'body'> => {
  if (body === undefined) return { headers };
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  return { headers: hasHeader(headers, 'content-type') ? headers : { ...headers, 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) };
};

const requestOf = (step: HttpStep, signal: AbortSignal): OutboundRequest => {
  const accept = hasHeader(step.headers, 'accept') ? { ...step.headers } : { ...step.headers, accept: 'application/json, */*;q=0.5' };
  const headers = step.idempotency ? withHeader(accept, step.idempotency.header, step.idempotency.key) : accept;
  return {
    method: step.method,
    url: withQuery(step.url, step.query),
    timeoutMs: step.timeout_ms,
    signal,
    propagate: { attributes: { [attribute.node]: step.node_id } },
    // Only reads follow redirects: repeating an effect somewhere else is for the definition to decide.
    maxRedirects: step.method === 'GET' || step.method === 'HEAD' ? maxReadRedirects : 0,
    ...withBody(headers, step.body),
  };
};

/** Does `http` steps through outbound HTTP, which holds the egress policy and the limits of size and time. */
export class OutboundHttpStepRunner implements HttpStepRunner {
  constructor(readonly http: OutboundHttp) {}

  async run(step: HttpStep, signal: AbortSignal): Promise<StepOutcome> {
    const request = this.#prepare(step, signal);
    if (request === undefined) return { kind: 'failed', failure: { kind: 'request_invalid', message: 'the URL cannot be read' }, effect: 'not_sent', retryable: false };
    try {
      return outcomeOf(await this.http.request(request), { step, redaction: redactionOf(step.secrets), nowMs: Date.now() });
    } catch {
      // Not reached by any known path. Its text might hold a secret, and the request may have been sent.
      return { kind: 'failed', failure: { kind: 'connection_failed', message: 'the request failed in an unexpected way' }, effect: 'unknown', retryable: true };
    }
  }

  #prepare(step: HttpStep, signal: AbortSignal): OutboundRequest | undefined {
    try {
      return requestOf(step, signal);
    } catch {
      return undefined;
    }
  }
}
