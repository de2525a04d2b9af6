import type { AggregateRef, DeliveryRequest } from '@cs/contracts';
import { done, giveUp, loadAggregate, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { maxAttempts } from './back-off.policy.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { isOpen } from './delivery.state.js';
import type { ChannelOutcome, NotificationChannel } from './notification-channel.port.js';
import { commandDelivery } from './request-delivery.js';
import { afterAttempt, storable, thrown } from './send-outcome.js';

export interface SendDeliveryOptions {
  readonly eventing: Eventing;
  readonly channel: NotificationChannel;
  /** In [0, 1). */
  readonly random: () => number;
}

const outdated: ChannelOutcome = { kind: 'permanent', reason: 'the gate was decided before this could be told' };

const attempt = async (channel: NotificationChannel, request: DeliveryRequest): Promise<ChannelOutcome> => {
  try {
    return storable(await channel.send(request));
  } catch (error) {
    return storable(thrown(error));
  }
};

const asking: ReadonlySet<DeliveryRequest['notice']> = new Set(['gate_opened', 'gate_reminded', 'gate_escalated']);

/** A question that could not be asked in time is not asked any more once it is answered, or its run has ended. */
const isOutdated = async ({ store, digest }: Eventing, ref: AggregateRef, { notification_key: _key, ...request }: DeliveryRequest): Promise<boolean> => {
  if (!asking.has(request.notice)) return false;
  const ends = await Promise.all((['gate_decided', 'gate_closed'] as const).map((notice) => store.last(deliveryRef(digest, { ...ref, ...request, notice }))));
  return ends.some((end) => end !== undefined);
};

const channelOf = ({ commit }: StoredCommit): string | undefined => {
  const [first] = commit.events;
  const data = first?.data;
  return typeof data === 'object' && data !== null && 'channel' in data && typeof data.channel === 'string' ? data.channel : undefined;
};

/**
 * Makes one attempt at a delivery of this channel and records how it went; what has to be tried again
 * asks to be delivered later. Deliveries of other channels are left to theirs. What was sent or given
 * up before is not touched: a message that comes again after a restart does nothing.
 */
export const sendDelivery = async (options: SendDeliveryOptions, requested: StoredCommit): Promise<ConsumerOutcome> => {
  const { eventing, channel, random } = options;
  const { ref } = requested;
  if (channelOf(requested) !== channel.name) return done;
  const { state } = await loadAggregate({ store: eventing.store, aggregate: deliveryAggregate }, ref);
  if (!isOpen(state)) return state.status === 'none' ? giveUp('the delivery was never requested') : done;
  const late = state.attempts > 0 && (await isOutdated(eventing, ref, state.request));
  const outcome = late ? outdated : await attempt(channel, state.request);
  return afterAttempt(await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'record_outcome', outcome, at_ms, max_attempts: maxAttempts }) }), outcome, random);
};
