import type { DeliveryEvent, DeliveryRequest } from '@cs/contracts';
import { accept, assertNever, refuse, type Decision, type Decider, type Refusal } from '@cs/kernel';
import { isOpen, type Delivery, type RequestedDelivery } from './delivery.state.js';
import type { ChannelOutcome } from './notification-channel.port.js';

export type DeliveryCommand =
  | { readonly kind: 'request'; readonly request: DeliveryRequest }
  | { readonly kind: 'record_outcome'; readonly outcome: ChannelOutcome; readonly at_ms: number; readonly max_attempts: number };

export type DeliveryRefusal = Refusal<'DELIVERY_NOT_REQUESTED'>;

type Outcome = Extract<DeliveryCommand, { kind: 'record_outcome' }>;

const recordOutcome = (delivery: Extract<Delivery, { status: 'pending' | 'retrying' }>, { outcome, at_ms, max_attempts }: Outcome): Decision<DeliveryEvent, DeliveryRefusal> => {
  const attempt = delivery.attempts + 1;
  switch (outcome.kind) {
    case 'sent':
      return accept({ event_type: 'delivery_sent', data: { attempt, sent_at_ms: at_ms, ...(outcome.message_id === undefined ? {} : { message_id: outcome.message_id }) } });
    case 'transient':
      return accept({ event_type: attempt < max_attempts ? 'delivery_attempt_failed' : 'delivery_abandoned', data: { attempt, reason: outcome.reason, failed_at_ms: at_ms } });
    case 'permanent':
      return accept({ event_type: 'delivery_abandoned', data: { attempt, reason: outcome.reason, failed_at_ms: at_ms } });
    default:
      return assertNever(outcome);
  }
};

const decide = (command: DeliveryCommand, delivery: Delivery): Decision<DeliveryEvent, DeliveryRefusal> => {
  switch (command.kind) {
    case 'request':
      return delivery.status === 'none' ? accept({ event_type: 'delivery_requested', data: command.request }) : accept();
    case 'record_outcome':
      if (delivery.status === 'none') return refuse({ code: 'DELIVERY_NOT_REQUESTED', message: 'Nobody asked for this delivery' });
      return isOpen(delivery) ? recordOutcome(delivery, command) : accept();
    default:
      return assertNever(command);
  }
};

const afterRequest = (delivery: RequestedDelivery, event: Exclude<DeliveryEvent, { event_type: 'delivery_requested' }>): Delivery => {
  const { request } = delivery;
  const { attempt: attempts } = event.data;
  switch (event.event_type) {
    case 'delivery_attempt_failed':
      return { status: 'retrying', request, attempts, last_error: event.data.reason };
    case 'delivery_abandoned':
      return { status: 'abandoned', request, attempts, last_error: event.data.reason };
    case 'delivery_sent':
      return { status: 'sent', request, attempts, sent_at_ms: event.data.sent_at_ms, ...(event.data.message_id === undefined ? {} : { message_id: event.data.message_id }) };
    default:
      return assertNever(event);
  }
};

const evolve = (delivery: Delivery, event: DeliveryEvent): Delivery => {
  if (event.event_type === 'delivery_requested') return { status: 'pending', request: event.data, attempts: 0 };
  return delivery.status === 'none' ? delivery : afterRequest(delivery, event);
};

/** A delivery is requested once, tried until it is sent or given up, and never changes after that. */
export const deliveryDecider: Decider<DeliveryCommand, Delivery, DeliveryEvent, DeliveryRefusal> = { decide, evolve, initialState: { status: 'none' } };
