/** A queue between one producer and one consumer: the producer waits while it is full. */
export class BoundedQueue<Item> {
  readonly #limit: number;
  readonly #items: Item[] = [];
  readonly #closeListeners: (() => void)[] = [];
  #wakeConsumer: (() => void) | undefined;
  #wakeProducer: (() => void) | undefined;
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get closed(): boolean {
    return this.#closed;
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  /** False when the queue was closed and the item was not taken. */
  async put(item: Item): Promise<boolean> {
    while (!this.#closed && this.#items.length >= this.#limit) await new Promise<void>((resolve) => (this.#wakeProducer = resolve));
    if (this.#closed) return false;
    this.#items.push(item);
    this.#wakeConsumer?.();
    return true;
  }

  /** Everything that has arrived, at most `max`, waiting for the first; `undefined` once closed. */
  async takeAll(max: number): Promise<readonly Item[] | undefined> {
    while (!this.#closed && this.#items.length === 0) await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
    if (this.#closed) return undefined;
    const taken = this.#items.splice(0, max);
    this.#wakeProducer?.();
    return taken;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wakeConsumer?.();
    this.#wakeProducer?.();
    for (const listener of this.#closeListeners) listener();
  }
}
