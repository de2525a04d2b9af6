import { queueOfTenant, type QueueKey } from './tenant-queue.js';

export interface PrecedenceOptions {
  /** So many at a time are a burst. */
  readonly burst: number;
  /** For how long a burst holds its queue back at a stretch, in ms; then the queue is free for as long. */
  readonly longestMs: number;
}

interface Going {
  count: number;
  /** `free`: the burst has held its queue back for long enough. */
  phase: 'few' | 'held' | 'free';
  timer: NodeJS.Timeout | undefined;
}

/**
 * Lets bursts of a tenant's timers go before its own queued runs: a timer costs little and has a time,
 * and each one puts a run into the queue. Without it the last timer of a burst waits until the runs of
 * all the others are through. Other tenants are not held back, and nobody for good.
 */
export class Precedence {
  readonly #options: PrecedenceOptions;
  readonly #going = new Map<QueueKey, Going>();
  #released: () => void = () => undefined;

  constructor(options: PrecedenceOptions) {
    this.#options = options;
  }

  /** Called whenever a queue is free that was held back. One listener. */
  onRelease(listener: () => void): void {
    this.#released = listener;
  }

  holds(queue: QueueKey): boolean {
    return this.#going.get(queue)?.phase === 'held';
  }

  /** Does the task as one of those that go first. */
  async first<Value>(tenant: { readonly org_id: string; readonly workspace_id: string }, task: () => Promise<Value>): Promise<Value> {
    const queue = queueOfTenant(tenant);
    const going = this.#going.get(queue) ?? { count: 0, phase: 'few', timer: undefined };
    this.#going.set(queue, going);
    going.count += 1;
    this.#holdIfBurst(going);
    try {
      return await task();
    } finally {
      going.count -= 1;
      if (going.count === 0) this.#end(queue, going);
    }
  }

  #holdIfBurst(going: Going): void {
    if (going.phase !== 'few' || going.count < this.#options.burst) return;
    going.phase = 'held';
    going.timer = this.#after(() => this.#free(going));
  }

  #free(going: Going): void {
    going.phase = 'free';
    going.timer = this.#after(() => {
      going.phase = 'few';
      this.#holdIfBurst(going);
    });
    this.#released();
  }

  #end(queue: QueueKey, { phase, timer }: Going): void {
    clearTimeout(timer);
    this.#going.delete(queue);
    if (phase === 'held') this.#released();
  }

  #after(task: () => void): NodeJS.Timeout {
    return setTimeout(task, this.#options.longestMs).unref();
  }
}
