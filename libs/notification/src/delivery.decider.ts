import type { DeliveryEvent, DeliveryRequest, PostedMessage } from '@cs/contracts';
import { accept, assertNever, refuse, type Decision, type Decider, type Json, type Refusal } from '@cs/kernel';
import type { AdapterOutcome } from './channel-adapter.port.js';
import { maxHarmlessAttempts } from './back-off.policy.js';
import { evolveDelivery } from './delivery-evolution.js';
import { isKnownMessage, isListed, isOpen, isUnderWay, type Delivery, type OpenDelivery, type RequestedDelivery } from './delivery.state.js';
import { ends } from './notice-family.js';
import type { ChannelOutcome } from './notification-channel.port.js';

export type DeliveryCommand =
  | { readonly kind: 'request'; readonly request: DeliveryRequest }
  /** One more for a list that is not told yet. */
  | { readonly kind: 'add_item'; readonly item_id: string; /** Stands for the id where only the number of items is kept. */ readonly item_key: string; readonly item: Json }
  /** Its time does not matter any more. */
  | { readonly kind: 'hasten'; readonly reason: string }
  | { readonly kind: 'start'; readonly attempt_id: string; readonly at_ms: number; readonly max_attempts: number }
  | { readonly kind: 'record_outcome'; readonly outcome: ChannelOutcome | AdapterOutcome; readonly at_ms: number; readonly max_attempts: number }
  /** A message is there that cannot be found again, and is not finished. */
  | { readonly kind: 'post'; readonly message: PostedMessage; readonly at_ms: number }
  /** There is nothing to tell any more. An attempt that is under way has to end first; one whose outcome is lost does not count. */
  | { readonly kind: 'withdraw'; readonly reason: string; readonly at_ms: number }
  /** A message of this delivery that was not recorded, or not yet. */
  | { readonly kind: 'find'; readonly message: PostedMessage; readonly at_ms: number };

export type DeliveryRefusal = Refusal<'DELIVERY_NOT_REQUESTED'>;
type Decided = Decision<DeliveryEvent, DeliveryRefusal>;
type Of<Kind extends DeliveryCommand['kind']> = Extract<DeliveryCommand, { kind: Kind }>;

/** Items that a list holds at most. More only count, each once, as far as the highest number that a channel may ask to be told of. */
const mostItems = 200;
const mostCounted = 10_000;

const sent = ({ outcome, at_ms: sent_at_ms }: Of<'record_outcome'>, attempt: number): Decided => {
  const message = 'message' in outcome ? outcome.message : undefined;
  const message_id = 'message_id' in outcome ? outcome.message_id : message?.message_id;
  return accept({ event_type: 'delivery_sent', data: { attempt, sent_at_ms, ...(message_id === undefined ? {} : { message_id }), ...(message === undefined ? {} : { message }) } });
};

/** What surely did nothing does not count, within its own limit; a card that keeps its buttons is worth more attempts. */
const isLast = ({ request, harmless = 0 }: OpenDelivery, attempts: number, max_attempts: number): boolean =>
  attempts >= Math.max(maxHarmlessAttempts, max_attempts) || (!ends(request.notice) && attempts - harmless >= max_attempts);

type Transient = Extract<ChannelOutcome | AdapterOutcome, { kind: 'transient' }>;

const failed = (delivery: OpenDelivery, outcome: Transient, { attempt, at_ms, max_attempts }: { readonly attempt: number; readonly at_ms: number; readonly max_attempts: number }): Decided => {
  const isHarmless = 'not_posted' in outcome && outcome.not_posted === true;
  const counting = isHarmless ? { ...delivery, harmless: (delivery.harmless ?? 0) + 1 } : delivery;
  const event_type = isLast(counting, attempt, max_attempts) ? 'delivery_abandoned' : 'delivery_attempt_failed';
  return accept({ event_type, data: { attempt, reason: outcome.reason, failed_at_ms: at_ms, ...(isHarmless ? { not_posted: true } : {}) } });
};

const recordOutcome = (delivery: OpenDelivery, command: Of<'record_outcome'>): Decided => {
  const { outcome, at_ms, max_attempts } = command;
  const attempt = delivery.status === 'sending' ? delivery.attempts : delivery.attempts + 1;
  switch (outcome.kind) {
    case 'sent': return sent(command, attempt);
    case 'transient': return failed(delivery, outcome, { attempt, at_ms, max_attempts });
    case 'permanent': return accept({ event_type: 'delivery_abandoned', data: { attempt, reason: outcome.reason, failed_at_ms: at_ms } });
    default: return assertNever(outcome);
  }
};

const start = (delivery: OpenDelivery, { attempt_id, at_ms, max_attempts }: Of<'start'>): Decided => {
  if (isUnderWay(delivery, at_ms)) return accept();
  if (isLast(delivery, delivery.attempts, max_attempts)) return accept({ event_type: 'delivery_abandoned', data: { attempt: delivery.attempts, reason: 'the outcome of every attempt was lost', failed_at_ms: at_ms } });
  return accept({ event_type: 'delivery_attempt_started', data: { attempt: delivery.attempts + 1, attempt_id, started_at_ms: at_ms } });
};

const addItem = (delivery: OpenDelivery, { item_id, item_key, item }: Of<'add_item'>): Decided => {
  const { items = [], counted = [] } = delivery;
  if (delivery.status !== 'pending' || isListed(delivery, { item_id, item_key })) return accept();
  if (items.length < mostItems) return accept({ event_type: 'delivery_item_added', data: { item_id, item } });
  return counted.length < mostCounted ? accept({ event_type: 'delivery_item_counted', data: { item_key } }) : accept();
};

const withdraw = (delivery: OpenDelivery, { reason, at_ms }: Of<'withdraw'>): Decided => {
  if (isUnderWay(delivery, at_ms)) return accept();
  return accept({ event_type: 'delivery_abandoned', data: { attempt: Math.max(delivery.attempts, 1), reason, failed_at_ms: at_ms } });
};

/** An attempt leaves one at most; more of them are of no use to anybody, and would make the delivery grow. */
const maxDuplicates = 20;

const find = (delivery: RequestedDelivery, { message, at_ms }: Of<'find'>): Decided => {
  // Before an attempt began nothing was posted, and only its request is routed to the senders.
  if (delivery.status === 'pending' || isKnownMessage(delivery, message) || (delivery.duplicates ?? []).length >= maxDuplicates) return accept();
  return accept({ event_type: 'delivery_duplicate_found', data: { message, found_at_ms: at_ms } });
};

const onOpen = (delivery: OpenDelivery, command: Exclude<DeliveryCommand, { kind: 'request' | 'find' }>): Decided => {
  switch (command.kind) {
    case 'record_outcome': return recordOutcome(delivery, command);
    case 'start': return start(delivery, command);
    case 'add_item': return addItem(delivery, command);
    case 'hasten': return delivery.hastened ? accept() : accept({ event_type: 'delivery_hastened', data: { reason: command.reason } });
    case 'post': return accept({ event_type: 'delivery_posted', data: { message: command.message, posted_at_ms: command.at_ms } });
    case 'withdraw': return withdraw(delivery, command);
    default: return assertNever(command);
  }
};

const decide = (command: DeliveryCommand, delivery: Delivery): Decided => {
  if (command.kind === 'request') return delivery.status === 'none' ? accept({ event_type: 'delivery_requested', data: command.request }) : accept();
  if (delivery.status === 'none') return refuse({ code: 'DELIVERY_NOT_REQUESTED', message: 'Nobody asked for this delivery' });
  if (command.kind === 'find') return find(delivery, command);
  return isOpen(delivery) ? onOpen(delivery, command) : accept();
};

/** A delivery is requested once, tried until it is sent or given up, and never changes after that but for duplicates that are found. */
export const deliveryDecider: Decider<DeliveryCommand, Delivery, DeliveryEvent, DeliveryRefusal> = { decide, evolve: evolveDelivery, initialState: { status: 'none' } };
