import type { AggregateRef, DeliveryRequest, PostedMessage } from '@cs/contracts';
import { attemptDelivery, type InstallationSender } from './installation-sender.js';
import { endingOf, outgoingOf } from './prepare-delivery.js';

/**
 * Changes messages once more to how their gate ended, where that was told already, or is just being told; what is
 * still to be told changes them by itself. What is answered below them is looked for first, where the platform can.
 * An attempt that fails is not repeated: the button that stays is answered with the truth.
 */
export const tellEnd = async (sender: InstallationSender, ref: AggregateRef, { request, asked }: { readonly request: DeliveryRequest; readonly asked: readonly PostedMessage[] }): Promise<void> => {
  const ending = await endingOf(sender.eventing, ref, request);
  if (asked.length === 0 || (ending?.status !== 'sent' && ending?.status !== 'sending')) return;
  await sender.pace.take();
  await attemptDelivery(sender, await outgoingOf(sender.eventing, ref, { delivery: ending, asked, mayBePosted: true }));
};
