import type { Pace } from '@cs/notification';
import { setTimeout as delay } from 'node:timers/promises';

export interface CallPaceOptions {
  readonly perSecond: number;
  /** Monotonic, in ms. */
  readonly now?: () => number;
  /** Waits so many ms, or until the signal. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Timers take no more than about 24 days, and a longer one is over at once. */
const longestWaitMs = 60_000;

const waitOrEnd = (ms: number, signal: AbortSignal): Promise<unknown> => delay(ms, undefined, { signal }).catch(() => undefined);

/** Gives turns one after the other, no more than so many a second, and none while the platform wants a pause. */
export class CallPace implements Pace {
  readonly #intervalMs: number;
  readonly #now: () => number;
  readonly #wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly #closed = new AbortController();
  #nextMs = Number.NEGATIVE_INFINITY;
  /** Ends when everybody who asked before has had a turn. */
  #before: Promise<unknown> = Promise.resolve();

  constructor({ perSecond, now = () => performance.now(), wait = waitOrEnd }: CallPaceOptions) {
    this.#intervalMs = 1000 / perSecond;
    this.#now = now;
    this.#wait = wait;
  }

  take(): Promise<boolean> {
    const turn = this.#before.then(() => this.#turn());
    this.#before = turn;
    return turn;
  }

  pause(ms: number): void {
    this.#nextMs = Math.max(this.#nextMs, this.#now() + ms);
  }

  close(): void {
    this.#closed.abort();
  }

  async #turn(): Promise<boolean> {
    const { signal } = this.#closed;
    // A pause that is asked for while this waits counts for it, and a timer may end a little early.
    for (let left = this.#left(); left > 0 && !signal.aborted; left = this.#left()) await this.#wait(Math.min(left, longestWaitMs), signal);
    if (signal.aborted) return false;
    this.#nextMs = this.#now() + this.#intervalMs;
    return true;
  }

  #left(): number {
    return this.#nextMs - this.#now();
  }
}
