import { signalSubjects } from '@cs/contracts';
import type { ProjectionProgress } from '@cs/eventing';
import type { Position } from '@cs/kernel';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';

interface Waiter {
  readonly position: number;
  readonly settle: (reached: boolean) => void;
}

/** Tells everyone how far the projector's committed transactions are. Not stored: the next one says it again. */
export const publishProjected = (nc: NatsConnection, position: Position): void => nc.publish(signalSubjects.projected, String(position));

/** Listens to the projector's position; no query and no polling per waiting caller. */
export class SignalledProjectionProgress implements ProjectionProgress {
  readonly #subscription: Subscription;
  readonly #waiters = new Set<Waiter>();
  #position = 0;

  constructor(nc: NatsConnection) {
    this.#subscription = nc.subscribe(signalSubjects.projected, {
      callback: (error, message) => {
        if (error === null) this.#advance(Number(message.string()));
      },
    });
  }

  waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    if (this.#position >= position) return Promise.resolve(true);
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => waiter.settle(false), timeoutMs);
      const waiter: Waiter = {
        position,
        settle: (reached) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(reached);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  stop(): void {
    this.#subscription.unsubscribe();
    for (const waiter of this.#waiters) waiter.settle(false);
  }

  #advance(position: number): void {
    if (!Number.isSafeInteger(position)) return;
    this.#position = position;
    for (const waiter of this.#waiters) if (waiter.position <= position) waiter.settle(true);
  }
}
