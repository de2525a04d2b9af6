import type { WebhookTrigger } from '@cs/contracts';
import type { TenantKey } from './tenant-key.js';

export interface WebhookTriggerRow extends TenantKey {
  readonly trigger_id: string;
  readonly automation_id: string;
  readonly status: 'enabled' | 'disabled' | 'deleted';
  readonly trigger: WebhookTrigger;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly position: number;
}

/** What the commits of a batch say about an inbound webhook; `null` leaves what is known, an empty text clears it. */
export interface WebhookDeliveryRow extends TenantKey {
  readonly delivery_id: string;
  readonly trigger_id: string | null;
  readonly automation_id: string | null;
  readonly status: string | null;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly provider: string | null;
  readonly provider_event_kind: string | null;
  readonly provider_event_id: string | null;
  readonly idempotency_key: string | null;
  readonly body_digest: string | null;
  readonly body_bytes: number | null;
  readonly received_at_ms: number | null;
  readonly run_id: string | null;
  readonly wait_id: string | null;
  /** How often it came again, in these commits. */
  readonly repeated: number;
  readonly updated_at_ms: number;
  readonly position: number;
}
