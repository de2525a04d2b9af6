import { FairTurns } from './fair-turns.js';

export interface FairSlotsOptions {
  /** Tasks that are done at a time, of all queues together. */
  readonly slots: number;
  /** Aborted: nothing begins any more. Default never. */
  readonly stopping?: AbortSignal;
}

/**
 * Slots for tasks that have been taken on already, shared among queues in fair turns: a queue that comes
 * later gets the next slot that is free, however many tasks of others wait.
 */
export class FairSlots {
  readonly #turns: FairTurns;
  readonly #stopping: AbortSignal | undefined;
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor({ slots, stopping }: FairSlotsOptions) {
    this.#turns = new FairTurns({ slots });
    this.#stopping = stopping;
    stopping?.addEventListener('abort', () => this.#letGo(), { once: true });
  }

  /** Does the task when it is the queue's turn; tasks of one queue begin in their order. `undefined`: everything stopped before. */
  async use<Value>(queue: string, task: () => Promise<Value>): Promise<Value | undefined> {
    if (this.#isStopped()) return undefined;
    await this.#turn(queue);
    try {
      return this.#isStopped() ? undefined : await task();
    } finally {
      this.#turns.giveBack(queue, 1);
      this.#dispatch();
    }
  }

  #isStopped(): boolean {
    return this.#stopping?.aborted === true;
  }

  /** Everything that waits gets a turn, and does nothing with it. */
  #letGo(): void {
    for (const [queue, waiting] of this.#waiting) {
      this.#turns.take(queue, waiting.length);
      for (const begin of waiting) begin();
    }
    this.#waiting.clear();
  }

  #turn(queue: string): Promise<void> {
    return new Promise((begin) => {
      const waiting = this.#waiting.get(queue);
      if (waiting === undefined) this.#waiting.set(queue, [begin]);
      else waiting.push(begin);
      this.#turns.wait(queue);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (let turn = this.#turns.next(); turn !== undefined; turn = this.#turns.next()) this.#begin(turn.queue, turn.count);
  }

  #begin(queue: string, count: number): void {
    const waiting = this.#waiting.get(queue) ?? [];
    const begun = waiting.splice(0, count);
    this.#turns.giveBack(queue, count - begun.length);
    if (waiting.length > 0) this.#turns.wait(queue);
    else this.#waiting.delete(queue);
    for (const begin of begun) begin();
  }
}
