import type { Logger } from '@cs/platform';
import type { RetentionRule } from '@cs/read-models';

export interface RetentionOptions {
  readonly rules: readonly RetentionRule[];
  /** Runs the work unless another process is at it (then `undefined`). */
  readonly alone: <Result>(work: () => Promise<Result>) => Promise<Result | undefined>;
  /** What is older than so many days is taken out; 0 keeps everything for ever. */
  readonly days: number;
  readonly clock: () => number;
  readonly logger: Logger;
}

const dayMs = 24 * 3_600_000;
const intervalMs = 6 * 3_600_000;

/** Takes what is old out of the projections, at start and every six hours (domain 7.8, 8.10), in one process at a time. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #pruning: Promise<void> = Promise.resolve();

  constructor(options: RetentionOptions) {
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

  /** Takes out all that is old enough; answers how much of what, or `undefined` when another process is at it. */
  prune(): Promise<Readonly<Record<string, number>> | undefined> {
    return this.#options.alone(async () => {
      const { rules, days, clock } = this.#options;
      const before_ms = clock() - days * dayMs;
      const taken: Record<string, number> = {};
      for (const rule of rules) taken[rule.what] = await this.#apply(rule, before_ms);
      return taken;
    });
  }

  /** Stops between two steps when the process ends: the next turn goes on. */
  async #apply(rule: RetentionRule, before_ms: number): Promise<number> {
    let taken = 0;
    if (this.#stop.signal.aborted) return taken;
    for await (const rows of rule.prune(before_ms)) {
      taken += rows;
      if (this.#stop.signal.aborted) break;
    }
    return taken;
  }

  #begin(): void {
    const { logger } = this.#options;
    this.#pruning = this.prune().then(
      (taken) => void (taken !== undefined && Object.values(taken).some((rows) => rows > 0) && logger.info({ taken }, 'took old rows out of the projections')),
      // The next turn comes anyway; until the database is set up there is nothing to prune.
      (error: unknown) => logger.warn({ err: error }, 'old rows were not taken out of the projections'),
    );
  }
}
