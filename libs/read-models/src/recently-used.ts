interface Entry<Value> {
  readonly value: Value;
  readonly weight: number;
}

/** A map that keeps what was used last: at most `maxEntries`, of at most `maxWeight` together. */
export class RecentlyUsed<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  #weight = 0;

  constructor(private readonly limits: { readonly maxEntries: number; readonly maxWeight: number }) {}

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: string, value: Value, weight: number): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
  }

  weightOf(key: string): number {
    return this.#entries.get(key)?.weight ?? 0;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }

  /** Forgets what was used longest ago until the limits hold. */
  trim(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.limits.maxEntries && this.#weight <= this.limits.maxWeight) return;
      this.delete(key);
    }
  }
}
