import { LruCache } from '@cs/kernel';

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

const maxKeys = 20_000;

export interface RateLimitOptions {
  /** Requests in a row that are let through. */
  readonly burst: number;
  /** How many of them come back in a second. */
  readonly perSecond: number;
  /** Monotonic, in ms. */
  readonly clock: () => number;
}

/** A token bucket for each key; the keys that were not seen for longest are forgotten first. */
export class RateLimit {
  readonly #buckets = new LruCache<string, Bucket>(maxKeys);
  readonly #options: RateLimitOptions;

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Seconds to wait; 0 when the request may pass, which counts. */
  take(key: string): number {
    const { burst, perSecond, clock } = this.#options;
    const atMs = clock();
    const before = this.#buckets.get(key) ?? { tokens: burst, atMs };
    const tokens = Math.min(burst, before.tokens + ((atMs - before.atMs) / 1000) * perSecond);
    const passes = tokens >= 1;
    this.#buckets.set(key, { tokens: passes ? tokens - 1 : tokens, atMs });
    return passes ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond));
  }
}
