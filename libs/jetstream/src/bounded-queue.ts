/** A queue between one producer and one consumer. The producer asks for room first and never puts in more than that. */
export class BoundedQueue<Item> {
  readonly #limit: number;
  #items: Item[] = [];
  readonly #closed = new AbortController();
  #wakeConsumer: (() => void) | undefined;
  #wakeProducer: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Aborted when the queue is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** How many more items fit, waiting until at least `min` do; 0 once closed. */
  async room(min: number): Promise<number> {
    while (!this.closed.aborted && this.#limit - this.#items.length < min) await new Promise<void>((resolve) => (this.#wakeProducer = resolve));
    return this.closed.aborted ? 0 : this.#limit - this.#items.length;
  }

  put(item: Item): void {
    if (this.closed.aborted) return;
    this.#items.push(item);
    this.#wakeConsumer?.();
  }

  /** Everything that has arrived, at most `max`, waiting for the first; `undefined` once closed. */
  async takeAll(max: number): Promise<readonly Item[] | undefined> {
    while (!this.closed.aborted && this.#items.length === 0) await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
    if (this.closed.aborted) return undefined;
    const taken = this.#items.splice(0, max);
    this.#wakeProducer?.();
    return taken;
  }

  /** Wakes both sides; what is still inside is dropped. */
  close(): void {
    if (this.closed.aborted) return;
    this.#closed.abort();
    this.#items = [];
    this.#wakeConsumer?.();
    this.#wakeProducer?.();
  }
}
