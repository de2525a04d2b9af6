import { signalSubjects } from '@cs/contracts';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import type { QueueKey } from './tenant-queue.js';

/** Tells the other runners which queues have something new. Not stored, and sent in bundles. */
export class QueueSignals {
  readonly #nc: NatsConnection;
  readonly #sender = randomUUID();
  readonly #subscription: Subscription;
  readonly #unsent = new Set<QueueKey>();

  constructor(nc: NatsConnection, onSignal: (queue: QueueKey) => void) {
    this.#nc = nc;
    this.#subscription = nc.subscribe(signalSubjects.queued, {
      callback: (error, message) => {
        if (error !== null) return;
        const [sender, ...queues] = message.string().split(' ');
        if (sender !== this.#sender) queues.forEach(onSignal);
      },
    });
  }

  announce(queue: QueueKey): void {
    if (this.#unsent.size === 0) setImmediate(() => this.flush());
    this.#unsent.add(queue);
  }

  flush(): void {
    if (this.#unsent.size > 0 && !this.#nc.isClosed()) this.#nc.publish(signalSubjects.queued, [this.#sender, ...this.#unsent].join(' '));
    this.#unsent.clear();
  }

  stop(): void {
    this.flush();
    this.#subscription.unsubscribe();
  }
}
