import { z } from 'zod';
import { epochMsSchema, jsonSchema, orgIdSchema, runIdSchema, workspaceIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { webhookDeliveryFactsSchema, webhookTargetSchema, webhookTriggerIdSchema, webhookTriggerSchema } from '../webhook.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const changed = z.object({ trigger: webhookTriggerSchema, changed_by: governanceActorSchema });

/** Every change carries the whole trigger as it is after it. */
export const webhookTriggerEvents = defineEvents({
  webhook_trigger_created: { version: 1, data: changed, audit: 'automation.webhook_trigger.created', summary: 'An automation got an address for webhooks.' },
  webhook_trigger_updated: { version: 1, data: changed, audit: 'automation.webhook_trigger.updated', summary: 'A webhook trigger was changed.' },
  webhook_trigger_secret_rotated: { version: 1, data: changed, audit: 'automation.webhook_trigger.secret_rotated', summary: 'A webhook trigger has a new signing secret.' },
  webhook_trigger_token_rotated: { version: 1, data: changed, audit: 'automation.webhook_trigger.token_rotated', summary: 'A webhook trigger has a new address.' },
  webhook_trigger_enabled: { version: 1, data: changed, audit: 'automation.webhook_trigger.enabled', summary: 'A webhook trigger takes deliveries again.' },
  webhook_trigger_disabled: { version: 1, data: changed, audit: 'automation.webhook_trigger.disabled', summary: 'A webhook trigger takes no deliveries any more.' },
  webhook_trigger_deleted: { version: 1, data: changed, audit: 'automation.webhook_trigger.deleted', summary: 'A webhook trigger was deleted; its address is unknown from now on.' },
});
export type WebhookTriggerEvent = EventOf<typeof webhookTriggerEvents>;

/** Where the trigger of an address is: found by the hash of its token, before any tenant is known. */
export const webhookTokenEvents = defineEvents({
  webhook_token_bound: {
    version: 1,
    data: z.object({ org_id: orgIdSchema, workspace_id: workspaceIdSchema, trigger_id: webhookTriggerIdSchema }),
    summary: 'The hash of a webhook address leads to its trigger.',
  },
});
export type WebhookTokenEvent = EventOf<typeof webhookTokenEvents>;

const target = z.object({ target: webhookTargetSchema });
/** Unique to the request, so that of equal ones at one moment only one is the first. */
const receipt_id = z.string();
const reason = z.object({ reason: z.string() });

export const webhookDeliveryEvents = defineEvents({
  webhook_delivery_accepted: {
    version: 1,
    data: z.object({ receipt_id, delivery: webhookDeliveryFactsSchema, headers: z.record(z.string(), z.string()), payload: jsonSchema }),
    summary: 'A webhook came in, signed as it should be, for the first time.',
  },
  webhook_delivery_rejected: { version: 1, data: z.object({ delivery: webhookDeliveryFactsSchema, reason: z.string() }), summary: 'A webhook came in whose signature is not valid; nothing of its content is kept.' },
  webhook_delivery_disabled: { version: 1, data: z.object({ delivery: webhookDeliveryFactsSchema }), summary: 'A webhook came in for a trigger that is disabled.' },
  webhook_delivery_repeated: { version: 1, data: z.object({ receipt_id, received_at_ms: epochMsSchema }), summary: 'A webhook came again and was not acted on.' },
  webhook_delivery_consumed: { version: 1, data: target, summary: 'A webhook was given to one wait, or to a run of its own.' },
  webhook_delivery_released: { version: 1, data: target.extend({ reason: z.string() }), summary: 'The wait that a webhook was given to had ended otherwise; another may have it.' },
  webhook_delivery_routed: { version: 1, data: z.object({ outcome: z.enum(['wake_run', 'new_run']), run_id: runIdSchema, wait_id: z.string().optional() }), summary: 'A webhook woke a run or started one.' },
  webhook_delivery_unmatched: { version: 1, data: z.object({}), summary: 'Nothing waits for a webhook yet.' },
  webhook_delivery_suppressed: { version: 1, data: reason, summary: 'A webhook was accepted, but nothing may come of it.' },
  webhook_delivery_failed: { version: 1, data: reason, summary: 'A webhook was accepted, but its run cannot be started.' },
  webhook_delivery_replayed: { version: 1, data: z.object({ replay: z.int().positive(), replayed_by: governanceActorSchema, tenant_context: tenantContextSchema }), audit: 'automation.webhook_delivery.replayed', summary: 'Someone had a webhook routed again.' },
});
export type WebhookDeliveryEvent = EventOf<typeof webhookDeliveryEvents>;
