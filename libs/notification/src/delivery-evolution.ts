import type { DeliveryEvent } from '@cs/contracts';
import { assertNever } from '@cs/kernel';
import type { Delivery, RequestedDelivery } from './delivery.state.js';

type EventOf<Type extends DeliveryEvent['event_type']> = Extract<DeliveryEvent, { event_type: Type }>;
type Facts = Pick<RequestedDelivery, 'request' | 'attempts' | 'items' | 'counted' | 'hastened' | 'posted' | 'uncertain' | 'harmless' | 'duplicates'>;

const factsOf = ({ request, attempts, items, counted, hastened, posted, uncertain, harmless, duplicates }: RequestedDelivery): Facts => ({
  request, attempts, ...(harmless === undefined ? {} : { harmless }), ...(items === undefined ? {} : { items }), ...(counted === undefined ? {} : { counted }), ...(hastened === undefined ? {} : { hastened }), ...(posted === undefined ? {} : { posted }), ...(uncertain === undefined ? {} : { uncertain }), ...(duplicates === undefined ? {} : { duplicates }),
});

const started = (delivery: RequestedDelivery, { data }: EventOf<'delivery_attempt_started'>): Delivery => ({
  ...factsOf(delivery), status: 'sending', attempts: data.attempt, attempt_id: data.attempt_id, started_at_ms: data.started_at_ms, ...(delivery.status === 'sending' ? { uncertain: true as const } : {}),
});

const attemptFailed = (delivery: RequestedDelivery, { data }: EventOf<'delivery_attempt_failed'>): Delivery => ({
  ...factsOf(delivery), status: 'retrying', attempts: data.attempt, last_error: data.reason, ...(data.not_posted === true ? { harmless: (delivery.harmless ?? 0) + 1 } : { uncertain: true as const }),
});

const sent = (delivery: RequestedDelivery, { data: { attempt, sent_at_ms, message_id, message } }: EventOf<'delivery_sent'>): Delivery => ({
  ...factsOf(delivery), status: 'sent', attempts: attempt, sent_at_ms, ...(message_id === undefined ? {} : { message_id }), ...(message === undefined ? {} : { message }),
});

const found = (delivery: RequestedDelivery, { data }: EventOf<'delivery_duplicate_found'>): Delivery => ({ ...delivery, duplicates: [...(delivery.duplicates ?? []), data.message] });

// eslint-disable-next-line complexity -- one case for each event
const afterRequest = (delivery: RequestedDelivery, event: Exclude<DeliveryEvent, { event_type: 'delivery_requested' }>): Delivery => {
  switch (event.event_type) {
    case 'delivery_item_added': return { ...delivery, items: [...(delivery.items ?? []), { item_id: event.data.item_id, item: event.data.item }] } as Delivery;
    case 'delivery_item_counted': return { ...delivery, counted: [...(delivery.counted ?? []), event.data.item_key] };
    case 'delivery_hastened': return { ...delivery, hastened: true };
    case 'delivery_posted': return { ...delivery, posted: event.data.message };
    case 'delivery_attempt_started': return started(delivery, event);
    case 'delivery_attempt_failed': return attemptFailed(delivery, event);
    case 'delivery_abandoned': return { ...factsOf(delivery), status: 'abandoned', attempts: event.data.attempt, last_error: event.data.reason };
    case 'delivery_sent': return sent(delivery, event);
    case 'delivery_duplicate_found': return found(delivery, event);
    default: return assertNever(event);
  }
};

export const evolveDelivery = (delivery: Delivery, event: DeliveryEvent): Delivery => {
  if (event.event_type === 'delivery_requested') return { status: 'pending', request: event.data, attempts: 0 };
  return delivery.status === 'none' ? delivery : afterRequest(delivery, event);
};
