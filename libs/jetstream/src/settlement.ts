import type { ConsumerOutcome } from '@cs/eventing';
import type { JsMsg } from '@nats-io/jetstream';

export interface Settlement {
  readonly message: JsMsg;
  readonly outcome: ConsumerOutcome;
  /** Deliveries after which a message that keeps failing is set aside. */
  readonly maxDeliver: number;
  /** Stores a dead letter. Must have succeeded before the message is terminated. */
  readonly setAside: (reason: string) => Promise<void>;
}

/**
 * The only place that answers the broker. Done → ack. Later → nak with the delay, unless it has been
 * tried often enough. Never → dead letter first, then term, so that nothing is lost in between.
 */
export const settle = async ({ message, outcome, maxDeliver, setAside }: Settlement): Promise<void> => {
  switch (outcome.kind) {
    case 'done':
      message.ack();
      return;
    case 'retry-later':
      if (message.info.deliveryCount < maxDeliver) {
        message.nak(outcome.delayMs);
        return;
      }
      await setAside(`${outcome.reason} (after ${message.info.deliveryCount} deliveries)`);
      message.term(outcome.reason);
      return;
    case 'give-up':
      await setAside(outcome.reason);
      message.term(outcome.reason);
  }
};
