import { assertNever } from '@cs/kernel';
import type { StoredCommit } from '@cs/eventing';
import type { DeliveryRow } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

type Facts = Omit<DeliveryRow, keyof TenantKey | 'delivery_id' | 'updated_at_ms' | 'position'>;

const unknown = { status: null, attempts: null, channel: null, installation: null, recipient: null, message: null, notice: null, run_id: null, gate_opening_id: null, requested_at_ms: null, message_id: null, last_error: null } as const;

// eslint-disable-next-line complexity -- one case for each event
const factsOf = (event: RecordedIn<'delivery'>): Facts => {
  switch (event.event_type) {
    case 'delivery_requested': {
      const { channel, notice, run_id = null, gate_opening_id = null, installation = null, recipient = null } = event.data;
      return { ...unknown, channel, installation, recipient, notice, run_id, gate_opening_id, status: 'pending', attempts: 0, requested_at_ms: event.recorded_at_ms };
    }
    case 'delivery_posted':
      return { ...unknown, message: event.data.message };
    case 'delivery_item_added':
    case 'delivery_item_counted':
    case 'delivery_hastened':
    case 'delivery_duplicate_found':
      return unknown;
    case 'delivery_attempt_started':
      return { ...unknown, status: 'sending', attempts: event.data.attempt };
    case 'delivery_attempt_failed':
      return { ...unknown, status: 'retrying', attempts: event.data.attempt, last_error: event.data.reason };
    case 'delivery_sent':
      return { ...unknown, status: 'sent', attempts: event.data.attempt, message_id: event.data.message_id ?? null, message: event.data.message ?? null };
    case 'delivery_abandoned':
      return { ...unknown, status: 'abandoned', attempts: event.data.attempt, last_error: event.data.reason };
    default:
      return assertNever(event);
  }
};

export const projectDelivery = (stored: StoredCommit, tenant: TenantKey): readonly DeliveryRow[] =>
  eventsOf('delivery', stored).map((event) => ({
    ...tenant, delivery_id: stored.ref.id, ...factsOf(event), updated_at_ms: event.recorded_at_ms, position: stored.position,
  }));

/** What two sets of facts about one delivery say together; the later one wins where it speaks. */
// eslint-disable-next-line complexity -- the same for each fact
export const mergeDeliveries = (before: DeliveryRow, after: DeliveryRow): DeliveryRow => ({
  ...after,
  status: after.status ?? before.status,
  attempts: after.attempts ?? before.attempts,
  channel: after.channel ?? before.channel,
  installation: after.installation ?? before.installation,
  recipient: after.recipient ?? before.recipient,
  message: after.message ?? before.message,
  notice: after.notice ?? before.notice,
  run_id: after.run_id ?? before.run_id,
  gate_opening_id: after.gate_opening_id ?? before.gate_opening_id,
  requested_at_ms: after.requested_at_ms ?? before.requested_at_ms,
  message_id: after.message_id ?? before.message_id,
  last_error: after.last_error ?? before.last_error,
});
