import type { AggregateRef, DeliveryRequest } from '@cs/contracts';
import { done, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { maxAttempts } from './back-off.policy.js';
import { currentCard, isNewestCount } from './card-renewal.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { heldMs, isOpen, type OpenDelivery } from './delivery.state.js';
import { ends, familyOf, renews } from './notice-family.js';
import type { ChannelOutcome, NotificationChannel } from './notification-channel.port.js';
import { outdatedVote } from './prepare-delivery.js';
import { commandDelivery } from './request-delivery.js';
import { afterAttempt, storable, thrown } from './send-outcome.js';

export interface SendDeliveryOptions {
  readonly eventing: Eventing;
  readonly channel: NotificationChannel;
  /** In [0, 1). */
  readonly random: () => number;
}

const outdated: ChannelOutcome = { kind: 'permanent', reason: 'what this asks was settled before it could be told' };

const attempt = async (channel: NotificationChannel, request: DeliveryRequest): Promise<ChannelOutcome> => {
  try {
    return storable(await channel.send(request));
  } catch (error) {
    return storable(thrown(error));
  }
};

const overtaken = { kind: 'permanent', reason: 'the gate was closed before this could be told' } as const;
const afterDecisionMs = 1_000;
/** Longer than a channel takes for one attempt. */
const longestAttemptMs = 30_000;

/** A question that could not be asked in time is not asked any more once it is answered, or its run has ended. */
const isOutdated = async ({ store, digest }: Eventing, ref: AggregateRef, { notification_key: _key, ...request }: DeliveryRequest): Promise<boolean> => {
  const family = familyOf(request.notice);
  if (family === undefined || ends(request.notice)) return false;
  const endings = await Promise.all([family.decided, family.closed].map((notice) => store.last(deliveryRef(digest, { ...ref, ...request, notice }))));
  return endings.some((ending) => ending !== undefined);
};

const stateOf = async ({ store, digest }: Eventing, ref: AggregateRef, request: DeliveryRequest) =>
  (await loadAggregate({ store, aggregate: deliveryAggregate }, deliveryRef(digest, { ...ref, ...request }))).state;

/** Why an attempt is not made: what it says is over, or was overtaken. */
const whyNot = async (eventing: Eventing, ref: AggregateRef, { request, attempts }: OpenDelivery): Promise<ChannelOutcome | undefined> => {
  const family = familyOf(request.notice);
  if (renews(request.notice)) return (await isNewestCount(eventing.store, ref, request)) ? undefined : { kind: 'permanent', reason: outdatedVote };
  if (family?.decided === request.notice) return (await stateOf(eventing, ref, { ...request, notice: family.closed })).status === 'none' ? undefined : overtaken;
  return attempts > 0 && (await isOutdated(eventing, ref, request)) ? outdated : undefined;
};

/**
 * Whether a closing has to wait, so that nobody is told a decision after it: an attempt that began before the closing was asked for
 * has ended after `longestAttemptMs`, and one that begins later is not made. What is then still to be told is given up.
 */
const isTooEarly = async (eventing: Eventing, { ref, commit }: StoredCommit, request: DeliveryRequest): Promise<boolean> => {
  const family = familyOf(request.notice);
  if (family?.closed !== request.notice) return false;
  const decision = { ...request, notice: family.decided };
  if (!isOpen(await stateOf(eventing, ref, decision))) return false;
  if (eventing.clock() - (commit.events[0]?.recorded_at_ms ?? 0) < longestAttemptMs) return true;
  const withdrawn = await commandDelivery(eventing, deliveryRef(eventing.digest, { ...ref, ...decision }), { command: (at_ms) => ({ kind: 'withdraw', reason: overtaken.reason, at_ms }) });
  return withdrawn === undefined || isOpen(withdrawn);
};

/** Why it is not told now. A vote follows the question, and waits for others. */
const tooEarly = async (eventing: Eventing, requested: StoredCommit, delivery: OpenDelivery): Promise<ConsumerOutcome | undefined> => {
  const { request } = delivery;
  const held = heldMs(delivery, eventing.clock());
  if (held > 0) return retryLater(held, 'it is not time yet');
  if (await isTooEarly(eventing, requested, request)) return retryLater(afterDecisionMs, 'the decision is still to be told');
  const { notification_key: _key, ...asked } = request;
  const isUnasked = renews(request.notice) && isOpen(await stateOf(eventing, requested.ref, { ...asked, notice: familyOf(request.notice)?.asks ?? request.notice }));
  return isUnasked ? retryLater(afterDecisionMs, 'the question itself is still to be told') : undefined;
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
  const later = await tooEarly(eventing, requested, state);
  if (later !== undefined) return later;
  const outcome = (await whyNot(eventing, ref, state)) ?? (await attempt(channel, { ...state.request, card: await currentCard(eventing.store, ref, state.request) }));
  return afterAttempt(await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'record_outcome', outcome, at_ms, max_attempts: maxAttempts }) }), outcome, random);
};
