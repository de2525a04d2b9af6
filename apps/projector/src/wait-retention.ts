import type { Logger } from '@cs/platform';

export interface WaitRetentionOptions {
  /** Deletes at most `limit` waits that ended before a time; answers how many. */
  readonly prune: (range: { readonly ended_before_ms: number; readonly limit: number }) => Promise<number>;
  /** Ended waits are kept for so many days; 0 keeps them for ever. */
  readonly days: number;
  readonly clock: () => number;
  readonly logger: Logger;
}

const dayMs = 24 * 3_600_000;
const intervalMs = 6 * 3_600_000;
/** Waits that one statement deletes: short enough to be in nobody's way. */
const batch = 1000;

/** Prunes ended waits at start and every six hours (domain 7.8, 8.10). Waits that are open stay, however old. */
export class WaitRetention {
  readonly #options: WaitRetentionOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #pruning: Promise<void> = Promise.resolve();

  constructor(options: WaitRetentionOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.days === 0) return;
    this.#begin();
    this.#timer = setInterval(() => this.#begin(), intervalMs);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#timer);
    await this.#pruning;
  }

  /** Deletes all that is old enough, batch by batch; answers how many waits. */
  async prune(): Promise<number> {
    const { prune, days, clock } = this.#options;
    const ended_before_ms = clock() - days * dayMs;
    let pruned = 0;
    for (let deleted = batch; deleted === batch && !this.#stop.signal.aborted; pruned += deleted) deleted = await prune({ ended_before_ms, limit: batch });
    return pruned;
  }

  #begin(): void {
    const { logger } = this.#options;
    // The next turn comes anyway; until the database is set up there is nothing to prune.
    this.#pruning = this.prune().then((waits) => void (waits > 0 && logger.info({ waits }, 'pruned ended waits')), (error: unknown) => logger.warn({ err: error }, 'ended waits were not pruned'));
  }
}
