export interface RateLimitOptions {
  readonly perSecond: number;
  /** Calls that may come at once. Default 1. */
  readonly burst?: number;
}

/** A token bucket per key, e.g. one per channel, kept as the time at which it is full again. */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #spareMs: number;
  readonly #fullAt = new Map<string, number>();

  constructor({ perSecond, burst = 1 }: RateLimitOptions) {
    this.#intervalMs = 1000 / perSecond;
    this.#spareMs = (burst - 1) * this.#intervalMs;
  }

  /** 0 when the call may go on; else the milliseconds until one may. */
  take(key: string, nowMs: number): number {
    const fullAt = Math.max(this.#fullAt.get(key) ?? nowMs, nowMs);
    const waitMs = Math.ceil(fullAt - nowMs - this.#spareMs);
    if (waitMs > 0) return waitMs;
    this.#fullAt.set(key, fullAt + this.#intervalMs);
    return 0;
  }
}
