import type { AdapterOutcome } from '@cs/notification';
import type { OutboundHttp, OutboundResult } from '@cs/outbound-http';
import { z } from 'zod';
import { describeRefusal, isLimitCode, isTransientCode } from './slack-errors.js';

export type SlackResult<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** Slack says no, with its code. */
  | { readonly kind: 'refused'; readonly code: string; readonly method: string }
  /** It may work later; whether Slack acted may be unknown. */
  | { readonly kind: 'transient'; readonly reason: string; readonly retry_after_ms?: number; /** Nothing was posted. */ readonly not_posted: boolean };

export type SlackFailure = Exclude<SlackResult<unknown>, { readonly kind: 'ok' }>;

export interface SlackApiOptions {
  readonly http: OutboundHttp;
  /** Where methods are, e.g. `https://slack.com/api`. */
  readonly baseUrl: string;
  readonly botToken: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Limit of one call. Default 10 s. */
  readonly timeoutMs?: number;
}

export interface SlackCall<Schema extends z.ZodType> {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** How arguments go: methods that only read take no JSON. */
  readonly as: 'json' | 'form';
  readonly answer: Schema;
  /** Unix milliseconds. */
  readonly deadline_ms: number;
}

const envelopeSchema = z.object({ ok: z.boolean(), error: z.string().optional() });
const codePattern = /^[a-z0-9_]{1,64}$/;
const codeOf = ({ error = '' }: z.infer<typeof envelopeSchema>): string => (codePattern.test(error) ? error : 'unknown_error');
const maxRetryAfterS = 6 * 3600;

const parseJson = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

const retryAfter = (value: string | undefined): { readonly retry_after_ms?: number } =>
  value !== undefined && /^\d{1,9}$/.test(value) ? { retry_after_ms: Math.min(Number(value), maxRetryAfterS) * 1000 } : {};

const formOf = (args: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))).toString();

/** Everything else can be repeated without anybody seeing it. */
const posts = (method: string): boolean => method === 'chat.postMessage';

/** What Slack's failure means for a delivery. */
export const outcomeOf = (failure: SlackFailure): AdapterOutcome => {
  if (failure.kind === 'transient') return failure;
  const reason = describeRefusal(failure.method, failure.code);
  return isTransientCode(failure.code) ? { kind: 'transient', reason, not_posted: !posts(failure.method) || isLimitCode(failure.code) } : { kind: 'permanent', reason };
};

const unanswered = (method: string, result: Exclude<OutboundResult, { kind: 'answered' }>): SlackFailure => {
  if (result.reason === 'egress_denied' || result.reason === 'request_invalid') return { kind: 'refused', code: result.reason, method };
  return { kind: 'transient', reason: `${method}: ${result.message}`, not_posted: !posts(method) || result.kind === 'not_sent' };
};

/** Calls of the Web API with one bot token. The token is in no result. */
export class SlackApi {
  readonly #options: SlackApiOptions;
  readonly #baseUrl: string;

  constructor(options: SlackApiOptions) {
    this.#options = options;
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '');
  }

  async call<Schema extends z.ZodType>(call: SlackCall<Schema>): Promise<SlackResult<z.output<Schema>>> {
    const { http, botToken, now, timeoutMs = 10_000 } = this.#options;
    const { method, args, as, deadline_ms } = call;
    const leftMs = Math.min(timeoutMs, deadline_ms - now());
    if (leftMs <= 0) return { kind: 'transient', reason: `${method}: no time was left`, not_posted: true };
    const result = await http.request({
      method: 'POST', url: `${this.#baseUrl}/${method}`, timeoutMs: leftMs,
      headers: { authorization: `Bearer ${botToken}`, 'content-type': as === 'json' ? 'application/json; charset=utf-8' : 'application/x-www-form-urlencoded' },
      body: as === 'json' ? JSON.stringify(args) : formOf(args),
    });
    return result.kind === 'answered' ? this.#judge(call, result) : unanswered(method, result);
  }

  #judge<Schema extends z.ZodType>({ method, answer }: SlackCall<Schema>, { status, headers, body }: Extract<OutboundResult, { kind: 'answered' }>): SlackResult<z.output<Schema>> {
    if (status === 429) return { kind: 'transient', reason: `Slack limits the rate of ${method}`, not_posted: true, ...retryAfter(headers['retry-after']) };
    const value = parseJson(body);
    const envelope = envelopeSchema.safeParse(value);
    if (status !== 200 || !envelope.success) return { kind: 'transient', reason: `Slack answered ${method} with status ${status} and no result`, not_posted: !posts(method) };
    if (!envelope.data.ok) return { kind: 'refused', code: codeOf(envelope.data), method };
    const parsed = answer.safeParse(value);
    return parsed.success ? { kind: 'ok', value: parsed.data } : { kind: 'transient', reason: `Slack answered ${method} in a form that is not known`, not_posted: !posts(method) };
  }
}
