interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Time that stands until it is moved on: those who wait wake at their moment, and nobody really waits. */
export class VirtualTime {
  #nowMs: number;
  #sleepers: readonly Sleeper[] = [];

  /** Default: 2026-01-01T00:00:00Z. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  readonly now = (): number => this.#nowMs;

  readonly wait = (ms: number): Promise<void> => new Promise((wake) => {
    this.#sleepers = [...this.#sleepers, { atMs: this.#nowMs + ms, wake }];
  });

  /** When the next one wakes; infinity when nobody waits. */
  get next(): number {
    return Math.min(...this.#sleepers.map(({ atMs }) => atMs));
  }

  /** Goes on to a moment; whoever waits no longer than until then wakes. */
  moveTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
    const woken = this.#sleepers.filter((sleeper) => sleeper.atMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.atMs > this.#nowMs);
    for (const { wake } of woken) wake();
  }
}
