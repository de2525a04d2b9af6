import { setTimeout as pause } from 'node:timers/promises';
import { LruCache } from '@cs/kernel';
import type { AdapterOutcome } from '@cs/notification';
import type { OutboundHttp, OutboundResult } from '@cs/outbound-http';

/** One call of a platform's API. */
export interface PlatformCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  /** From the base address on. */
  readonly path: string;
  readonly body?: unknown;
  /** Calls with the same key share one limit of the platform. */
  readonly limit: string;
  /** Unix milliseconds: the call ends by then, waits included. */
  readonly deadline_ms: number;
}

/** `failed`: nothing is known of the effect when `mayHaveHappened`. */
export type PlatformAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown; readonly retry_after_ms?: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly isFinal: boolean; readonly mayHaveHappened: boolean };

type Answered = Extract<PlatformAnswer, { kind: 'answered' }>;

export interface PlatformHttpOptions {
  readonly http: OutboundHttp;
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** How long the platform asks to wait, by what it answered. */
  readonly waitAsked: (answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }) => PlatformWait | undefined;
}

/** `before`: this call was refused. `after`: it was done, and the next one has to wait. */
export interface PlatformWait {
  readonly kind: 'before' | 'after';
  readonly ms: number;
  /** Concerns every call, not only those of the same limit. */
  readonly isGlobal: boolean;
}

const maxCallMs = 10_000;
const rememberedLimits = 1_000;
const everywhere = '*';

const parseJson = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

const failed = (result: Exclude<OutboundResult, { kind: 'answered' }>): PlatformAnswer => ({
  kind: 'failed', reason: result.message, mayHaveHappened: result.kind === 'unknown', isFinal: result.reason === 'egress_denied' || result.reason === 'request_invalid',
});

/** Calls of one installation under the platform's rate limits: waits where the wait ends before the deadline, and says how long where it does not. */
export class PlatformHttp {
  readonly #options: PlatformHttpOptions;
  /** When each limit is open again, Unix milliseconds. */
  readonly #openAgain = new LruCache<string, number>(rememberedLimits);

  constructor(options: PlatformHttpOptions) {
    this.#options = options;
  }

  async call(call: PlatformCall): Promise<PlatformAnswer> {
    const { now } = this.#options;
    for (;;) {
      const waitMs = this.#waitMs(call.limit);
      if (waitMs > 0 && now() + waitMs >= call.deadline_ms) return { kind: 'answered', status: 429, body: undefined, retry_after_ms: waitMs };
      if (waitMs > 0) await pause(waitMs);
      const answer = await this.#once(call);
      if (answer.kind === 'failed' || answer.status !== 429) return answer;
      if (this.#waitMs(call.limit) === 0) return answer;
    }
  }

  #waitMs(limit: string): number {
    const openAgain = Math.max(this.#openAgain.get(limit) ?? 0, this.#openAgain.get(everywhere) ?? 0);
    return Math.max(0, openAgain - this.#options.now());
  }

  async #once({ method, path, body, limit, deadline_ms }: PlatformCall): Promise<PlatformAnswer> {
    const { http, baseUrl, headers, now } = this.#options;
    const timeoutMs = Math.min(maxCallMs, deadline_ms - now());
    if (timeoutMs <= 0) return { kind: 'failed', reason: 'the time for this attempt was over', isFinal: false, mayHaveHappened: false };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const result = await http.request({ method, url: `${baseUrl}${path}`, timeoutMs, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...json });
    return result.kind === 'answered' ? this.#read(limit, result) : failed(result);
  }

  #read(limit: string, { status, headers, body }: Extract<OutboundResult, { kind: 'answered' }>): Answered {
    const { waitAsked, now } = this.#options;
    const parsed = parseJson(body);
    const wait = waitAsked({ status, headers, body: parsed });
    if (wait !== undefined) this.#openAgain.set(wait.isGlobal ? everywhere : limit, now() + wait.ms);
    return { kind: 'answered', status, body: parsed, ...(wait?.kind === 'before' ? { retry_after_ms: wait.ms } : {}) };
  }
}

const passing: ReadonlySet<number> = new Set([408, 409, 425, 429]);

type FailedOutcome = Extract<AdapterOutcome, { kind: 'transient' | 'permanent' }>;

const unanswered = ({ reason, isFinal, mayHaveHappened }: Extract<PlatformAnswer, { kind: 'failed' }>): FailedOutcome =>
  isFinal ? { kind: 'permanent', reason } : { kind: 'transient', reason, ...(mayHaveHappened ? {} : { not_posted: true }) };

/** What a failed call means for a delivery. 5xx, 408, 409, 425, 429 and a success that cannot be read are tried again, every other answer is final. */
export const failedOutcome = (answer: PlatformAnswer, reason: string): FailedOutcome => {
  if (answer.kind === 'failed') return unanswered(answer);
  const { status, retry_after_ms } = answer;
  const passes = status < 300 || status >= 500 || passing.has(status);
  if (!passes) return { kind: 'permanent', reason };
  return { kind: 'transient', reason, ...(status === 429 ? { not_posted: true } : {}), ...(retry_after_ms === undefined ? {} : { retry_after_ms }) };
};
