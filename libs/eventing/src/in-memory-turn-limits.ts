import { LruCache } from '@cs/kernel';
import { takeTurn, type TurnBucket } from './turn-bucket.js';
import type { TurnLimit, TurnLimits } from './turn-limits.port.js';

const maxKeys = 20_000;

/** Turns of one process; keys that were not seen for longest are forgotten first. */
export class InMemoryTurnLimits implements TurnLimits {
  readonly #buckets = new LruCache<string, TurnBucket>(maxKeys);

  take(key: string, limit: TurnLimit): Promise<number> {
    const { wait_s, bucket } = takeTurn(this.#buckets.get(key), limit);
    if (bucket !== undefined) this.#buckets.set(key, bucket);
    return Promise.resolve(wait_s);
  }
}
