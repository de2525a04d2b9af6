import type { ConsumerOutcome } from '@cs/eventing';
import type { Delivery } from './delivery.js';

export interface Settlement {
  readonly delivery: Pick<Delivery, 'ack' | 'nak' | 'term' | 'deliveryCount'>;
  readonly outcome: ConsumerOutcome;
  /** Deliveries after which a message that keeps failing is set aside. */
  readonly maxDeliver: number;
  /** Stores a dead letter. Must have succeeded before the message is terminated. */
  readonly setAside: (reason: string) => Promise<void>;
}

/** What the broker was told. */
export type Settled = 'done' | 'retry' | 'dead_letter';

/**
 * The only place that answers the broker. Done → ack. Later → nak with the delay, unless it has been
 * tried often enough. Never → dead letter first, then term, so that nothing is lost in between.
 */
export const settle = async ({ delivery, outcome, maxDeliver, setAside }: Settlement): Promise<Settled> => {
  switch (outcome.kind) {
    case 'done':
      delivery.ack();
      return 'done';
    case 'retry-later':
      if (delivery.deliveryCount < maxDeliver) {
        delivery.nak(outcome.delayMs);
        return 'retry';
      }
      await setAside(`${outcome.reason} (after ${delivery.deliveryCount} deliveries)`);
      delivery.term(outcome.reason);
      return 'dead_letter';
    case 'give-up':
      await setAside(outcome.reason);
      delivery.term(outcome.reason);
      return 'dead_letter';
  }
};
