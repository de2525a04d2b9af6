import { signalSubjects } from '@cs/contracts';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';

/** Tells the runner that executes a run that someone else wrote to it. Not stored: the log holds the fact. */
export class RunSignals {
  readonly #nc: NatsConnection;
  readonly #listeners = new Map<string, () => void>();
  readonly #subscription: Subscription;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    this.#subscription = nc.subscribe(signalSubjects.runChanged('*'), {
      callback: (error, message) => {
        if (error === null) this.#listeners.get(message.subject)?.();
      },
    });
  }

  announce(runId: string): void {
    this.#nc.publish(signalSubjects.runChanged(runId));
  }

  /** Calls back when the run was changed elsewhere, until the returned function is called. */
  listen(runId: string, callback: () => void): () => void {
    const subject = signalSubjects.runChanged(runId);
    this.#listeners.set(subject, callback);
    return () => {
      // A later listener for the same run keeps its place.
      if (this.#listeners.get(subject) === callback) this.#listeners.delete(subject);
    };
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }
}
