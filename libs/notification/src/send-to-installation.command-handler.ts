import type { AggregateRef, PostedMessage } from '@cs/contracts';
import { done, executeCommand, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { accept } from '@cs/kernel';
import { maxAttempts } from './back-off.policy.js';
import { isNewestCount } from './card-renewal.js';
import type { AdapterOutcome, Outgoing } from './channel-adapter.port.js';
import { channelThreadAggregate, channelThreadRef } from './channel-aggregates.js';
import { deliveryAggregate } from './delivery-aggregate.js';
import { heldMs, isOpen, isUnderWay, lostAfterMs, mayBePosted, type OpenDelivery } from './delivery.state.js';
import { attemptDelivery, type InstallationSender } from './installation-sender.js';
import { asks, asksAgain, renews } from './notice-family.js';
import { askedNow, messagesAsking, outdatedVote, outgoingOf, prepareDelivery, threadOf } from './prepare-delivery.js';
import { commandDelivery } from './request-delivery.js';
import { afterAttempt } from './send-outcome.js';
import { tellEnd } from './tell-end.js';

const busyElsewhere = (remainingMs: number): ConsumerOutcome => retryLater(Math.max(remainingMs, 1_000), 'another attempt is under way, or its outcome is lost');

/** What waits for its time is looked at so often: it may be hastened. */
const longestHoldMs = 60_000;

/** The first card of a run in a conversation is what the others answer to. */
const beginThread = async ({ eventing }: InstallationSender, ref: AggregateRef, { outgoing, message }: { readonly outgoing: Outgoing; readonly message: PostedMessage }): Promise<void> => {
  const conversation = threadOf(ref, outgoing.request);
  if (conversation === undefined || outgoing.thread !== undefined) return;
  await executeCommand(channelThreadRef(eventing.digest, conversation), {
    eventing, aggregate: channelThreadAggregate, context: {},
    decide: (begun) => (begun === undefined ? accept({ event_type: 'channel_thread_begun', data: { message } } as const) : accept()),
  });
};

const follow = async (sender: InstallationSender, ref: AggregateRef, { outgoing, outcome }: { readonly outgoing: Outgoing; readonly outcome: AdapterOutcome }): Promise<void> => {
  const { notice } = outgoing.request;
  if (outcome.kind === 'sent' && outcome.message !== undefined && asks(notice)) await beginThread(sender, ref, { outgoing, message: outcome.message });
};

/** The end may have been told while this was under way: then this has put the buttons back. Whoever dies before it has written that it ended is followed by one who comes here too. */
const restoreEnd = async (sender: InstallationSender, ref: AggregateRef, { request, asked }: Pick<Outgoing, 'request' | 'asked'>): Promise<void> => {
  if (renews(request.notice) || asksAgain(request.notice)) await tellEnd(sender, ref, { request, asked });
};

/** An attempt that cannot write down what it posted has failed. */
const recorder = ({ eventing }: InstallationSender, ref: AggregateRef) => async (message: PostedMessage): Promise<void> => {
  const recorded = await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'post', message, at_ms }) });
  if (recorded === undefined) throw new Error('others kept writing to the delivery');
};

/** Found out when the attempt had begun, after which nothing that is told later goes on before it. */
const outdated = async (eventing: Eventing, ref: AggregateRef): Promise<ConsumerOutcome> => {
  const outcome = { kind: 'permanent', reason: outdatedVote } as const;
  const ended = await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'record_outcome', outcome, at_ms, max_attempts: maxAttempts }) });
  return ended === undefined ? retryLater(1_000, 'others kept writing to the delivery') : done;
};

const send = async (sender: InstallationSender, ref: AggregateRef, { delivery, asked }: { readonly delivery: OpenDelivery; readonly asked: readonly PostedMessage[] }): Promise<ConsumerOutcome> => {
  const { eventing, newId, pace, random } = sender;
  if (!(await pace.take())) return retryLater(1_000, 'the channel has changed, or its notifier stops');
  const attempt_id = newId();
  const started = await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'start', attempt_id, at_ms, max_attempts: maxAttempts }) });
  if (started === undefined) return retryLater(1_000, 'others kept writing to the delivery');
  if (started.status !== 'sending') return done;
  if (started.attempt_id !== attempt_id) return busyElsewhere(started.started_at_ms + lostAfterMs - eventing.clock());
  if (renews(started.request.notice) && !(await isNewestCount(eventing.store, ref, started.request))) return await outdated(eventing, ref);
  // A message that turned up while this waited for its turn; one that turns up from here on sees that this has begun.
  const messages = await askedNow(eventing, ref, { request: started.request, asked });
  const outgoing = await outgoingOf(eventing, ref, { delivery: started, asked: messages, mayBePosted: mayBePosted(delivery) });
  const outcome = await attemptDelivery(sender, { ...outgoing, recordPosted: recorder(sender, ref) });
  await restoreEnd(sender, ref, outgoing);
  const next = await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'record_outcome', outcome, at_ms, max_attempts: maxAttempts }) });
  await follow(sender, ref, { outgoing, outcome });
  return afterAttempt(next, outcome, random);
};

/**
 * Makes one attempt at a delivery of an installation: not before its time, not when there is nothing to tell any
 * more, and what follows a question after it. That an attempt begins is in the log before the platform is called,
 * so that a lost outcome is known to be lost.
 */
// eslint-disable-next-line complexity -- reasons not to send, in their order
export const sendToInstallation = async (sender: InstallationSender, { ref }: StoredCommit): Promise<ConsumerOutcome> => {
  const { eventing } = sender;
  const { state } = await loadAggregate({ store: eventing.store, aggregate: deliveryAggregate }, ref);
  if (!isOpen(state)) return state.status === 'none' ? giveUp('the delivery was never requested') : done;
  const held = heldMs(state, eventing.clock());
  if (held > 0) return retryLater(Math.min(held, longestHoldMs), 'it is not time yet');
  if (state.status === 'sending' && isUnderWay(state, eventing.clock())) return busyElsewhere(state.started_at_ms + lostAfterMs - eventing.clock());
  const prepared = await prepareDelivery(eventing, ref, state);
  if (prepared.kind === 'later') return retryLater(prepared.delayMs, prepared.reason);
  if (prepared.kind === 'ready') return await send(sender, ref, { delivery: state, asked: prepared.asked });
  if (mayBePosted(state)) await restoreEnd(sender, ref, { request: state.request, asked: await messagesAsking(eventing, ref, state.request) });
  const withdrawn = await commandDelivery(eventing, ref, { command: (at_ms) => ({ kind: 'withdraw', reason: prepared.reason, at_ms }) });
  return withdrawn === undefined ? retryLater(1_000, 'others kept writing to the delivery') : done;
};
