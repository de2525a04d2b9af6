import type { EarlyDelivery, WebhookLookups } from '@cs/automation-application';
import { findEarlyDeliveries, findWebhookWaits, type CallContext, type TenantContext, type WebhookDeliveryFacts, type WebhookWait } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';

const contextOf = (tenant: TenantContext): CallContext => ({ tenant, actor: { kind: 'system', source: 'automation_webhook_router' }, correlation_id: 'automation_webhook_router' });

/** What the observability service knows of waits and deliveries. */
export class ProjectedWebhookLookups implements WebhookLookups {
  constructor(private readonly rpc: RpcClient) {}

  async waitsFor(delivery: WebhookDeliveryFacts, { minPosition, limit }: Parameters<WebhookLookups['waitsFor']>[1]): Promise<readonly WebhookWait[] | undefined> {
    const reply = await this.rpc.call(findWebhookWaits, { context: contextOf(delivery.tenant_context), payload: { delivery, limit, min_position: minPosition } });
    return reply.ok ? reply.value.waits : undefined;
  }

  async deliveriesFor(tenant: TenantContext, { match, received_from_ms, minPosition }: EarlyDelivery): Promise<readonly string[] | undefined> {
    const reply = await this.rpc.call(findEarlyDeliveries, { context: contextOf(tenant), payload: { match, received_from_ms, limit: 20, min_position: minPosition } });
    return reply.ok ? reply.value.delivery_ids : undefined;
  }
}
