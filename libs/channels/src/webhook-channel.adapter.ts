import type { DeliveryRequest } from '@cs/contracts';
import type { ChannelOutcome, NotificationChannel } from '@cs/notification';
import type { OutboundHttp, OutboundResult } from '@cs/outbound-http';
import { signatureHeader, signWebhook, standardWebhookHeaders } from './webhook-signature.js';

export interface WebhookChannelOptions {
  readonly http: OutboundHttp;
  readonly url: string;
  /** Key of the signature, shared with the receiver. */
  readonly secret: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Limit of one attempt. Default 10 s. */
  readonly timeoutMs?: number;
}

type Answered = Extract<OutboundResult, { kind: 'answered' }>;

const maxRetryAfterS = 6 * 3600;

const retryAfter = ({ headers }: Answered, nowMs: number): number | undefined => {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const delayMs = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(delayMs) && delayMs > 0 ? Math.min(delayMs, maxRetryAfterS * 1000) : undefined;
};

const isTransient = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500;

const judge = (result: Answered, nowMs: number): ChannelOutcome => {
  const { status } = result;
  if (status >= 200 && status < 300) return { kind: 'sent' };
  const reason = `the webhook answered ${status}`;
  if (!isTransient(status)) return { kind: 'permanent', reason };
  const retry_after_ms = retryAfter(result, nowMs);
  return { kind: 'transient', reason, ...(status === 429 ? { not_posted: true } : {}), ...(retry_after_ms === undefined ? {} : { retry_after_ms }) };
};

const headersOf = ({ secret, now }: WebhookChannelOptions, { delivery_id, notice }: DeliveryRequest, body: string): Record<string, string> => ({
  'content-type': 'application/json',
  'idempotency-key': delivery_id,
  'countersign-event-id': delivery_id,
  'countersign-event-type': notice,
  [signatureHeader]: signWebhook(secret, body, now()),
  ...standardWebhookHeaders(secret, { id: delivery_id, body, nowMs: now() }),
});

/**
 * Posts a notice as JSON to one URL, signed in two ways: by `Countersign-Signature`, and as Standard Webhooks
 * (standardwebhooks.com). The receiver tells repetitions by `Idempotency-Key` or `webhook-id`. 2xx is sent; 408, 425,
 * 429, 5xx and network trouble are tried again; any other answer, redirects included, and an address that egress
 * forbids are final. 429, and what was never sent, surely did nothing.
 */
export const postWebhook = async (options: WebhookChannelOptions, request: DeliveryRequest): Promise<ChannelOutcome> => {
  const { http, url, now, timeoutMs = 10_000 } = options;
  const body = JSON.stringify({ id: request.delivery_id, type: request.notice, data: request });
  const result = await http.request({ method: 'POST', url, timeoutMs, body, headers: headersOf(options, request, body) });
  if (result.kind === 'answered') return judge(result, now());
  if (result.reason === 'egress_denied' || result.reason === 'request_invalid') return { kind: 'permanent', reason: result.message };
  return { kind: 'transient', reason: result.message, ...(result.kind === 'not_sent' ? { not_posted: true } : {}) };
};

/** The webhook of the notifier's own configuration: every notice goes to one URL. */
export class WebhookChannel implements NotificationChannel {
  readonly name = 'webhook';
  readonly #options: WebhookChannelOptions;

  constructor(options: WebhookChannelOptions) {
    this.#options = options;
  }

  send(request: DeliveryRequest): Promise<ChannelOutcome> {
    return postWebhook(this.#options, request);
  }
}
