import type { Pace } from '@cs/notification';
import { setTimeout as delay } from 'node:timers/promises';

/** Gives turns one after the other, no more than so many a second, and none while the platform wants a pause. */
export class CallPace implements Pace {
  readonly #perSecond: number;
  readonly #now: () => number;
  #nextMs = 0;

  constructor({ perSecond, now = () => performance.now() }: { readonly perSecond: number; /** Monotonic, in ms. */ readonly now?: () => number }) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  async take(): Promise<void> {
    const now = this.#now();
    const turn = Math.max(now, this.#nextMs);
    this.#nextMs = turn + 1000 / this.#perSecond;
    if (turn > now) await delay(turn - now);
    // A pause that was asked for meanwhile counts for those who were waiting too.
    if (this.#pausedUntil > this.#now()) await delay(this.#pausedUntil - this.#now());
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + ms);
    this.#nextMs = Math.max(this.#nextMs, this.#pausedUntil);
  }

  #pausedUntil = 0;
}
