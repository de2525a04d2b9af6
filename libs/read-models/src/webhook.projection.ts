import type { WebhookDeliveryFacts, WebhookTarget } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';
import type { WebhookDeliveryRow, WebhookTriggerRow } from './webhook-rows.js';

/** The trigger after each change: an event carries the whole of it. */
export const projectWebhookTriggers = (stored: StoredCommit): readonly WebhookTriggerRow[] =>
  eventsOf('webhook_trigger', stored).map(({ data: { trigger } }) => ({
    ...tenantKey(trigger.tenant_context), trigger_id: trigger.trigger_id, automation_id: trigger.automation_id,
    status: trigger.deleted ? 'deleted' : trigger.enabled ? 'enabled' : 'disabled', trigger,
    created_at_ms: trigger.created_at_ms, updated_at_ms: trigger.updated_at_ms, position: stored.position,
  }));

type Facts = Omit<WebhookDeliveryRow, keyof TenantKey | 'delivery_id' | 'updated_at_ms' | 'position'>;

const unchanged: Facts = {
  trigger_id: null, automation_id: null, status: null, outcome: null, reason: null, provider: null, provider_event_kind: null, provider_event_id: null,
  idempotency_key: null, body_digest: null, body_bytes: null, received_at_ms: null, run_id: null, wait_id: null, repeated: 0,
};

const arrived = ({ tenant_context: _tenant, delivery_id: _id, provider_event_kind, provider_event_id, ...facts }: WebhookDeliveryFacts, what: Pick<Facts, 'status' | 'outcome' | 'reason'>): Facts => ({
  ...unchanged, ...facts, provider_event_kind: provider_event_kind ?? null, provider_event_id: provider_event_id ?? null, ...what,
});

const given = (target: WebhookTarget): Partial<Facts> => ({
  outcome: target.kind === 'wait' ? 'wake_run' : 'new_run', run_id: target.run_id, wait_id: target.kind === 'wait' ? target.wait_id : '',
});

type DeliveryEvent = RecordedIn<'webhook_delivery'>;
type Readers = { readonly [Type in DeliveryEvent['event_type']]: (data: Extract<DeliveryEvent, { event_type: Type }>['data']) => Partial<Facts> };

const routedAgain: Partial<Facts> = { status: 'accepted', outcome: 'received', reason: '', run_id: '', wait_id: '' };

/** What each event says of its delivery. */
const readers: Readers = {
  webhook_delivery_accepted: ({ delivery }) => arrived(delivery, { status: 'accepted', outcome: 'received', reason: '' }),
  webhook_delivery_rejected: ({ delivery, reason }) => arrived(delivery, { status: 'rejected', outcome: 'rejected', reason }),
  webhook_delivery_disabled: ({ delivery }) => arrived(delivery, { status: 'disabled', outcome: 'suppressed', reason: 'the trigger is disabled' }),
  webhook_delivery_repeated: () => ({ repeated: 1 }),
  webhook_delivery_consumed: ({ target }) => given(target),
  webhook_delivery_released: () => routedAgain,
  webhook_delivery_replayed: () => routedAgain,
  webhook_delivery_routed: ({ outcome, run_id, wait_id = '' }) => ({ outcome, run_id, wait_id }),
  webhook_delivery_unmatched: () => ({}),
  webhook_delivery_suppressed: ({ reason }) => ({ status: 'suppressed', outcome: 'suppressed', reason }),
  webhook_delivery_failed: ({ reason }) => ({ status: 'failed', outcome: 'dead_letter', reason }),
};

const factsOf = (event: DeliveryEvent): Facts => {
  // The table has, for each type, the reader of exactly that type; the compiler cannot see the pairing.
  const read = readers[event.event_type] as (data: DeliveryEvent['data']) => Partial<Facts>;
  return { ...unchanged, ...read(event.data) };
};

const tenantOf = (event: RecordedIn<'webhook_delivery'>, { ref }: StoredCommit): TenantKey =>
  'delivery' in event.data ? tenantKey(event.data.delivery.tenant_context) : { org_id: ref.org_id, workspace_id: ref.workspace_id, deployment_id: '' };

export const projectWebhookDeliveries = (stored: StoredCommit): readonly WebhookDeliveryRow[] =>
  eventsOf('webhook_delivery', stored).map((event) => ({
    ...tenantOf(event, stored), delivery_id: stored.ref.id, ...factsOf(event), updated_at_ms: event.recorded_at_ms, position: stored.position,
  }));

/** Whose a delivery's commit is, as far as it says so itself. */
export const tenantOfDelivery = (stored: StoredCommit): TenantKey | undefined => {
  for (const event of eventsOf('webhook_delivery', stored)) {
    if (event.event_type === 'webhook_delivery_replayed') return tenantKey(event.data.tenant_context);
    if ('delivery' in event.data) return tenantKey(event.data.delivery.tenant_context);
  }
  return undefined;
};

/** What two sets of facts about one delivery say together; the later one wins where it speaks. */
export const mergeWebhookDeliveries = (before: WebhookDeliveryRow, after: WebhookDeliveryRow): WebhookDeliveryRow => {
  const known = Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null)) as Partial<WebhookDeliveryRow>;
  return { ...before, ...known, deployment_id: before.deployment_id, repeated: before.repeated + after.repeated };
};
