import type { DeliveryRequest } from '@cs/contracts';
import type { ChannelOutcome, NotificationChannel } from '@cs/notification';
import type { OutboundHttp, OutboundResult } from '@cs/outbound-http';
import { signatureHeader, signWebhook } from './webhook-signature.js';

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
  return { kind: 'transient', reason, ...(retry_after_ms === undefined ? {} : { retry_after_ms }) };
};

/**
 * Posts each notice as JSON to one URL, signed. The receiver tells repetitions by `Idempotency-Key`.
 * 2xx is sent; 408, 425, 429, 5xx and network trouble are tried again; any other answer, redirects
 * included, and an address that egress forbids are final.
 */
export class WebhookChannel implements NotificationChannel {
  readonly name = 'webhook';
  readonly #options: WebhookChannelOptions;

  constructor(options: WebhookChannelOptions) {
    this.#options = options;
  }

  async send(request: DeliveryRequest): Promise<ChannelOutcome> {
    const { http, url, secret, now, timeoutMs = 10_000 } = this.#options;
    const { delivery_id, notice } = request;
    const body = JSON.stringify({ id: delivery_id, type: notice, data: request });
    const result = await http.request({
      method: 'POST', url, timeoutMs, body,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': delivery_id,
        'countersign-event-id': delivery_id,
        'countersign-event-type': notice,
        [signatureHeader]: signWebhook(secret, body, now()),
      },
    });
    if (result.kind === 'answered') return judge(result, now());
    const isFinal = result.reason === 'egress_denied' || result.reason === 'request_invalid';
    return { kind: isFinal ? 'permanent' : 'transient', reason: result.message };
  }
}
