import type { WebhookDeliveryFacts, WebhookDeliveryRecord, WebhookMatch, WebhookTrigger, WebhookWait } from '@cs/contracts';
import type { ItemsPage, PageRequest, TenantKey, WebhookDeliveryFilter, WebhookQueries } from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

const ofTenant = 'org_id = $1 and workspace_id = $2 and deployment_id = $3';
const tenantOf = ({ org_id, workspace_id, deployment_id }: TenantKey): readonly string[] => [org_id, workspace_id, deployment_id];

interface TriggerDocument {
  readonly trigger: string;
}
/** The projection wrote it, of the same release or migrated. */
const readTrigger = ({ trigger }: TriggerDocument): WebhookTrigger => JSON.parse(trigger) as WebhookTrigger;

const triggersText = boundedPage(`
  select trigger, created_at_ms as at_ms, trigger_id as id, octet_length(trigger) as bytes from countersign.webhook_triggers
  where ${ofTenant} and automation_id = $7 and status <> 'deleted' and (created_at_ms, trigger_id) < ($4, $5)
  order by created_at_ms desc, trigger_id desc limit $6`);

const deliveriesText = boundedPage(`
  select *, received_at_ms as at_ms, delivery_id as id, 1000 as bytes from countersign.webhook_deliveries
  where ${ofTenant} and trigger_id = $7 and ($8::text is null or status = $8) and (received_at_ms, delivery_id) < ($4, $5)
  order by received_at_ms desc, delivery_id desc limit $6`);

const orNull = (value: string | null): string | null => (value === '' ? null : value);

type DeliveryDocument = Omit<WebhookDeliveryRecord, 'provider_event_kind' | 'provider_event_id'> & { readonly provider_event_kind: string | null; readonly provider_event_id: string | null };

const readDelivery = ({ provider_event_kind: kind, provider_event_id: id, ...row }: DeliveryDocument): WebhookDeliveryRecord => ({
  delivery_id: row.delivery_id, trigger_id: row.trigger_id, automation_id: row.automation_id, status: row.status, outcome: row.outcome, reason: orNull(row.reason),
  provider: row.provider, ...(kind === null ? {} : { provider_event_kind: kind }), ...(id === null ? {} : { provider_event_id: id }),
  idempotency_key: row.idempotency_key, body_digest: row.body_digest, body_bytes: row.body_bytes, received_at_ms: row.received_at_ms,
  run_id: orNull(row.run_id), wait_id: orNull(row.wait_id), repeated: row.repeated, updated_at_ms: row.updated_at_ms,
});

/** A condition that is not set, or equal. */
const holds = (member: string, parameter: number): string => `coalesce(webhook_match::jsonb ->> '${member}', $${parameter}) is not distinct from $${parameter}`;

const waitsText = `
  select run_id, wait_id from countersign.waits
  where ${ofTenant} and status = 'waiting' and match_trigger_id = $4 and match_key = any($5::text[])
    and ${holds('provider', 6)} and ${holds('provider_event_kind', 7)} and ${holds('provider_event_id', 8)} and ${holds('idempotency_key', 9)} and ${holds('body_digest', 10)}
  order by least(wake_at_ms, timeout_at_ms) nulls last, created_at_ms, wait_id limit $11`;

/** Every key that a wait for this delivery can have; '' for one that takes any event of the trigger. */
const keysOf = ({ provider_event_id, idempotency_key, body_digest }: WebhookDeliveryFacts): readonly string[] => [
  '', ...(provider_event_id === undefined ? [] : [`provider_event_id:${provider_event_id}`]), `idempotency_key:${idempotency_key}`, `body_digest:${body_digest}`,
];

const earlyMembers = ['provider', 'provider_event_kind', 'provider_event_id', 'idempotency_key', 'body_digest'] as const;
const earlyText = `
  select delivery_id from countersign.webhook_deliveries
  where ${ofTenant} and trigger_id = $4 and status = 'accepted' and outcome = 'received' and received_at_ms >= $5
    and ${earlyMembers.map((member, index) => `($${index + 6}::text is null or ${member} = $${index + 6})`).join(' and ')}
  order by received_at_ms, delivery_id limit $11`;

/** Webhook triggers and deliveries of a tenant in PostgreSQL. */
export class PostgresWebhookQueries implements WebhookQueries {
  constructor(private readonly database: Database) {}

  async webhookTrigger(tenant: TenantKey, { automation_id, trigger_id }: { readonly automation_id: string; readonly trigger_id: string }): Promise<WebhookTrigger | undefined> {
    const [row] = await askDatabase<TriggerDocument>(this.database, {
      name: 'webhook_trigger', text: `select trigger from countersign.webhook_triggers where ${ofTenant} and trigger_id = $4 and automation_id = $5 and status <> 'deleted'`,
      values: [...tenantOf(tenant), trigger_id, automation_id],
    });
    return row && readTrigger(row);
  }

  async webhookTriggers(tenant: TenantKey, automationId: string, page: PageRequest): Promise<ItemsPage<WebhookTrigger>> {
    const rows = await askDatabase<TriggerDocument & PagedRow>(this.database, { name: 'webhook_triggers', text: triggersText, values: [...tenantOf(tenant), ...keysetValues(page), automationId] });
    return toPage(rows, page, readTrigger);
  }

  async webhookDeliveries(tenant: TenantKey, { trigger_id, status }: WebhookDeliveryFilter, page: PageRequest): Promise<ItemsPage<WebhookDeliveryRecord>> {
    const rows = await askDatabase<DeliveryDocument & PagedRow>(this.database, {
      name: 'webhook_deliveries', text: deliveriesText, values: [...tenantOf(tenant), ...keysetValues(page), trigger_id, status ?? null],
    });
    return toPage(rows, page, readDelivery);
  }

  async waitsForDelivery(tenant: TenantKey, delivery: WebhookDeliveryFacts, limit: number): Promise<readonly WebhookWait[]> {
    const { trigger_id, provider, provider_event_kind = null, provider_event_id = null, idempotency_key, body_digest } = delivery;
    return await askDatabase<WebhookWait>(this.database, {
      name: 'waits_for_delivery', text: waitsText,
      values: [...tenantOf(tenant), trigger_id, keysOf(delivery), provider, provider_event_kind, provider_event_id, idempotency_key, body_digest, limit],
    });
  }

  async deliveriesForWait(tenant: TenantKey, { match, received_from_ms, limit }: { readonly match: WebhookMatch & { readonly trigger_id: string }; readonly received_from_ms: number; readonly limit: number }): Promise<readonly string[]> {
    const rows = await askDatabase<{ readonly delivery_id: string }>(this.database, {
      name: 'deliveries_for_wait', text: earlyText, values: [...tenantOf(tenant), match.trigger_id, received_from_ms, ...earlyMembers.map((member) => match[member] ?? null), limit],
    });
    return rows.map(({ delivery_id }) => delivery_id);
  }
}
