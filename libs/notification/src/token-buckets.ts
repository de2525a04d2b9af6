import { LruCache } from '@cs/kernel';

interface Bucket {
  readonly tokens: number;
  readonly at_ms: number;
}

const maxKeys = 20_000;

/** So many turns a minute for each key, all of them at once if need be; keys that were not seen for longest are forgotten first. */
export class TokenBuckets {
  readonly #perMinute: number;
  readonly #buckets = new LruCache<string, Bucket>(maxKeys);

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Seconds to wait; 0 when there is a turn, which counts. */
  take(key: string, at_ms: number): number {
    const before = this.#buckets.get(key) ?? { tokens: this.#perMinute, at_ms };
    const tokens = Math.min(this.#perMinute, before.tokens + (Math.max(0, at_ms - before.at_ms) / 60_000) * this.#perMinute);
    const passes = tokens >= 1;
    this.#buckets.set(key, { tokens: passes ? tokens - 1 : tokens, at_ms });
    return passes ? 0 : Math.max(1, Math.ceil(((1 - tokens) * 60) / this.#perMinute));
  }
}
