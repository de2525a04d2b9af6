import type { QueueDirectory } from './queue-directory.js';
import type { QueueKey } from './tenant-queue.js';

interface QueueWatchOptions {
  readonly directory: Pick<QueueDirectory, 'busy' | 'standing'>;
  readonly ackWaitMs: number;
  /** Messages of the queue that this instance holds. */
  readonly heldBy: (queue: QueueKey) => number;
  readonly hint: (queue: QueueKey) => void;
  readonly onError: (error: unknown) => void;
}

/** A list of all queues is the safety net behind the signals. */
const listEveryMs = 60_000;
const looksAtATime = 32;

/**
 * Looks after queues whose messages are with someone: nothing tells when the lease of a runner that died
 * runs out, so the queue is asked every now and then. A queue without messages is forgotten, so the work
 * grows with what executes, not with the number of tenants.
 */
export class QueueWatch {
  readonly #options: QueueWatchOptions;
  /** With how often each was added: what comes while it is looked at is not forgotten. */
  readonly #watched = new Map<QueueKey, number>();
  readonly #timer: NodeJS.Timeout;
  readonly #lister: NodeJS.Timeout;
  #looking = false;
  #listing = false;
  #stopped = false;

  constructor(options: QueueWatchOptions) {
    this.#options = options;
    const everyMs = Math.min(3000, Math.max(100, options.ackWaitMs / 5));
    this.#timer = setInterval(() => void this.#look(), everyMs);
    this.#lister = setInterval(() => this.listSoon(), listEveryMs);
  }

  add(queue: QueueKey): void {
    this.#watched.set(queue, (this.#watched.get(queue) ?? 0) + 1);
  }

  /** Asks for every queue that has something. Tried again with the next look when it fails. */
  listSoon(): void {
    this.#listing = true;
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearInterval(this.#lister);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      if (this.#listing) await this.#list();
      const queues = [...this.#watched.keys()];
      for (let at = 0; at < queues.length && !this.#stopped; at += looksAtATime) await Promise.all(queues.slice(at, at + looksAtATime).map((queue) => this.#lookAt(queue)));
    } catch (error) {
      if (!this.#stopped) this.#options.onError(error);
    } finally {
      this.#looking = false;
    }
  }

  async #list(): Promise<void> {
    this.#listing = false;
    try {
      for (const queue of await this.#options.directory.busy()) {
        this.add(queue);
        this.#options.hint(queue);
      }
    } catch (error) {
      this.#listing = true;
      throw error;
    }
  }

  async #lookAt(queue: QueueKey): Promise<void> {
    const { directory, heldBy, hint } = this.#options;
    const added = this.#watched.get(queue);
    const standing = await directory.standing(queue);
    if (standing === undefined || standing.pending > 0 || standing.unsettled > heldBy(queue)) hint(queue);
    else if (standing.unsettled === 0 && this.#watched.get(queue) === added) this.#watched.delete(queue);
  }
}
