import { done, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { deliveryAggregate } from './delivery-aggregate.js';
import { isOpen, lostAfterMs } from './delivery.state.js';
import { commandDelivery } from './request-delivery.js';

const reason = 'the channel was removed';

/** Ends a delivery of a channel that was removed: it is given up, with that reason. An attempt that is under way ends first. */
export const endRemovedDelivery = async (eventing: Eventing, { ref }: StoredCommit): Promise<ConsumerOutcome> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: deliveryAggregate }, ref);
  if (!isOpen(state)) return state.status === 'none' ? giveUp('the delivery was never requested') : done;
  const ended = await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'withdraw', reason, at_ms }) });
  if (ended === undefined) return retryLater(1_000, 'others kept writing to the delivery');
  return isOpen(ended) ? retryLater(lostAfterMs, 'an attempt is under way') : done;
};
