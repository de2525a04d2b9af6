import type { AggregateRef, PostedMessage } from '@cs/contracts';
import { loadAggregate } from '@cs/eventing';
import { deliveryAggregate } from './delivery-aggregate.js';
import { messagesOf } from './delivery.state.js';
import type { InstallationSender } from './installation-sender.js';
import { commandDelivery } from './request-delivery.js';
import { tellEnd } from './tell-end.js';

/** Remembers a message of a delivery that was not known, so that what follows changes it too, and changes it now if the gate has ended. */
export const noteDuplicate = async (sender: InstallationSender, ref: AggregateRef, message: PostedMessage): Promise<void> => {
  const { eventing } = sender;
  const { state: before } = await loadAggregate({ store: eventing.store, aggregate: deliveryAggregate }, ref);
  // A channel that tells no messages apart has none that are unknown.
  if (before.status === 'none' || (before.status === 'sent' && messagesOf(before).length === 0)) return;
  const after = await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'find', message, at_ms }) });
  // What is not settled yet is told with its messages when it is.
  if (after === undefined || after.status === 'none' || messagesOf(after).length === messagesOf(before).length) return;
  await tellEnd(sender, ref, { request: after.request, asked: [message] });
};
