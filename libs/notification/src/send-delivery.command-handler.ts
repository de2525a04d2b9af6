import type { AggregateRef, DeliveryEvent, DeliveryRequest } from '@cs/contracts';
import { done, executeCommand, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { backOffMs, maxAttempts } from './back-off.policy.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { deliveryDecider, type DeliveryRefusal } from './delivery.decider.js';
import { isOpen, type Delivery } from './delivery.state.js';
import type { ChannelOutcome, NotificationChannel } from './notification-channel.port.js';
import { redactText } from './redact-text.js';

export interface SendDeliveryOptions {
  readonly eventing: Eventing;
  readonly channel: NotificationChannel;
  /** In [0, 1). */
  readonly random: () => number;
}

const maxReasonLength = 500;
const outdated: ChannelOutcome = { kind: 'permanent', reason: 'the gate was decided before this could be told' };

/** Reasons are stored: whatever a channel says is redacted and cut. */
const storable = (outcome: ChannelOutcome): ChannelOutcome =>
  outcome.kind === 'sent' ? outcome : { ...outcome, reason: redactText(outcome.reason).slice(0, maxReasonLength) };

const attempt = async (channel: NotificationChannel, request: DeliveryRequest): Promise<ChannelOutcome> => {
  try {
    return storable(await channel.send(request));
  } catch (error) {
    return storable({ kind: 'transient', reason: error instanceof Error ? error.message : 'the channel failed' });
  }
};

const asking: ReadonlySet<DeliveryRequest['notice']> = new Set(['gate_opened', 'gate_reminded', 'gate_escalated']);

/** A question that could not be asked in time is not asked any more once it is answered, or its run has ended. */
const isOutdated = async ({ store, digest }: Eventing, ref: AggregateRef, { notification_key: _key, ...request }: DeliveryRequest): Promise<boolean> => {
  if (!asking.has(request.notice)) return false;
  const ends = await Promise.all((['gate_decided', 'gate_closed'] as const).map((notice) => store.last(deliveryRef(digest, { ...ref, ...request, notice }))));
  return ends.some((end) => end !== undefined);
};

const record = async ({ eventing }: SendDeliveryOptions, ref: AggregateRef, outcome: ChannelOutcome): Promise<Delivery | undefined> => {
  const executed = await executeCommand<Delivery, DeliveryEvent, DeliveryRefusal>(ref, {
    eventing, aggregate: deliveryAggregate, context: {},
    decide: (state, at_ms) => deliveryDecider.decide({ kind: 'record_outcome', outcome, at_ms, max_attempts: maxAttempts }, state),
  });
  return executed.kind === 'accepted' ? executed.loaded.state : undefined;
};

const channelOf = ({ commit }: StoredCommit): string | undefined => {
  const [first] = commit.events;
  const data = first?.data;
  return typeof data === 'object' && data !== null && 'channel' in data && typeof data.channel === 'string' ? data.channel : undefined;
};

const afterAttempt = (next: Delivery | undefined, outcome: ChannelOutcome, random: () => number): ConsumerOutcome => {
  if (next === undefined) return retryLater(1_000, 'others kept writing to the delivery');
  if (next.status !== 'retrying') return done;
  const retryAfterMs = outcome.kind === 'transient' ? outcome.retry_after_ms : undefined;
  return retryLater(backOffMs(next.attempts, { retryAfterMs, random: random() }), next.last_error);
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
  return afterAttempt(await record(options, ref, outcome), outcome, random);
};
