import { LruCache } from '@cs/kernel';

interface Window {
  readonly startedAtMs: number;
  readonly count: number;
}

const windowMs = 60_000;
const maxTriggers = 10_000;

/** How many refused deliveries of one trigger are recorded: so many a minute, by each runner. */
export class RefusalBudget {
  readonly #windows = new LruCache<string, Window>(maxTriggers);
  readonly #clock: () => number;
  readonly #perMinute: number;

  constructor({ clock, perMinute }: { readonly clock: () => number; readonly perMinute: number }) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Takes one of the trigger's minute, if there is one left. */
  take(triggerId: string): boolean {
    const now = this.#clock();
    const known = this.#windows.get(triggerId);
    const window = known !== undefined && now - known.startedAtMs < windowMs ? known : { startedAtMs: now, count: 0 };
    this.#windows.set(triggerId, { ...window, count: window.count + 1 });
    return window.count < this.#perMinute;
  }
}
