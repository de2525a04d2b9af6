export interface FairTurnsOptions {
  /** Messages handled at a time, of all queues together. */
  readonly slots: number;
  /** Of these, what one queue may hold at most. Default all. */
  readonly maxPerQueue?: number | undefined;
}

/** How many messages to ask a queue for; its slots are taken until they are given back. */
export interface Turn {
  readonly queue: string;
  readonly count: number;
}

/**
 * Shares slots among queues: whoever holds fewest is next, then whoever was served longest ago. A queue
 * that is alone gets every slot; one that comes later gets the next slot that is free, and every other
 * one from then on until it holds as many. Idle queues are not kept.
 */
export class FairTurns {
  readonly #slots: number;
  readonly #maxPerQueue: number;
  readonly #held = new Map<string, number>();
  /** In the order of their turns. */
  readonly #waiting = new Set<string>();
  #free: number;

  constructor({ slots, maxPerQueue = slots }: FairTurnsOptions) {
    this.#slots = slots;
    this.#maxPerQueue = maxPerQueue;
    this.#free = slots;
  }

  get free(): number {
    return this.#free;
  }

  /** Queues that wait for a turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  heldBy(queue: string): number {
    return this.#held.get(queue) ?? 0;
  }

  /** The queue has messages, or may have. */
  wait(queue: string): void {
    this.#waiting.add(queue);
  }

  /** The next turn; `undefined` when no slot is free, or nobody waits that may have one. Queues that are held back keep their place. */
  next(isHeldBack: (queue: string) => boolean = () => false): Turn | undefined {
    if (this.#free <= 0) return undefined;
    const queue = this.#nextQueue(isHeldBack);
    if (queue === undefined) return undefined;
    // Never everything at once: a question that is slow to be answered leaves slots for others.
    const share = Math.min(Math.ceil(this.#slots / 4), Math.max(1, Math.floor(this.#free / this.#waiting.size)));
    const count = Math.min(share, this.#maxPerQueue - this.heldBy(queue));
    this.#waiting.delete(queue);
    this.take(queue, count);
    return { queue, count };
  }

  /** Takes slots without a turn: for a message that came although nobody waited for it any more. */
  take(queue: string, count: number): void {
    this.#free -= count;
    this.#held.set(queue, this.heldBy(queue) + count);
  }

  giveBack(queue: string, count: number): void {
    this.#free += count;
    const held = this.heldBy(queue) - count;
    if (held > 0) this.#held.set(queue, held);
    else this.#held.delete(queue);
  }

  #nextQueue(isHeldBack: (queue: string) => boolean): string | undefined {
    let fewest = Math.min(this.#maxPerQueue, this.#slots + 1);
    let next: string | undefined;
    for (const queue of this.#waiting) {
      const held = this.heldBy(queue);
      if (held >= fewest || isHeldBack(queue)) continue;
      fewest = held;
      next = queue;
      if (held === 0) break;
    }
    return next;
  }
}
