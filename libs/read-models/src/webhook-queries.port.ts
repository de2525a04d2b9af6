import type { WebhookDeliveryFacts, WebhookDeliveryRecord, WebhookMatch, WebhookTrigger, WebhookWait } from '@cs/contracts';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { TenantKey } from './tenant-key.js';

export interface WebhookDeliveryFilter {
  readonly trigger_id: string;
  readonly status?: string;
}

/** Reads webhook triggers and deliveries of one tenant. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface WebhookQueries {
  /** Deleted ones are not there. */
  webhookTrigger(tenant: TenantKey, key: { readonly automation_id: string; readonly trigger_id: string }): Promise<WebhookTrigger | undefined>;
  webhookTriggers(tenant: TenantKey, automationId: string, page: PageRequest): Promise<ItemsPage<WebhookTrigger>>;
  webhookDeliveries(tenant: TenantKey, filter: WebhookDeliveryFilter, page: PageRequest): Promise<ItemsPage<WebhookDeliveryRecord>>;
  /** Open waits that a delivery fits: due first, then the oldest (domain 8.3). */
  waitsForDelivery(tenant: TenantKey, delivery: WebhookDeliveryFacts, limit: number): Promise<readonly WebhookWait[]>;
  /** Accepted deliveries that nobody has taken, received from then on, that a wait fits; the oldest first. */
  deliveriesForWait(tenant: TenantKey, early: { readonly match: WebhookMatch & { readonly trigger_id: string }; readonly received_from_ms: number; readonly limit: number }): Promise<readonly string[]>;
}
