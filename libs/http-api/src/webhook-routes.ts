import * as rpc from '@cs/contracts';
import { automationIdSchema, webhookDeliveryFactsSchema, webhookTriggerSchema, type WebhookDeliveryRecord, type WebhookReceipt, type WebhookTriggerRecord } from '@cs/contracts';
import { z } from 'zod';
import { pageQuery, wordText } from './query.schema.js';
import { defineRoute } from './route.js';

const tag = 'webhooks';
const json = 'application/json';
const jsonMedia = [json] as const;
const { trigger_id, delivery_id } = webhookDeliveryFactsSchema.shape;
const automationParams = z.object({ automation_id: automationIdSchema });
const triggerParams = automationParams.extend({ trigger_id });
const deliveryParams = triggerParams.extend({ delivery_id });

const triggerResource = webhookTriggerSchema
  .omit({ token_hash: true, previous_token: true, deleted: true, last_command_id: true, tenant_context: true })
  .extend({ previous_token_valid_until_ms: z.int().nonnegative().exactOptional() }) satisfies z.ZodType<Omit<WebhookTriggerRecord, never>, unknown>;
const deliveryResource = webhookDeliveryFactsSchema.omit({ tenant_context: true }).extend({
  status: z.string().describe('`accepted`, `rejected`, `disabled`, `suppressed` or `failed`'),
  outcome: z.string().describe('`received`, `wake_run`, `new_run`, `suppressed`, `rejected` or `dead_letter`'),
  reason: z.string().nullable(), run_id: z.string().nullable(), wait_id: z.string().nullable(),
  repeated: z.int().nonnegative().describe('How often it came again, up to 8'),
  updated_at_ms: z.int().nonnegative(),
}) satisfies z.ZodType<WebhookDeliveryRecord, unknown>;
const receiptResource = z.object({ status: z.enum(['accepted', 'duplicate']), outcome: z.enum(['received', 'duplicate']), delivery_id: z.string() }) satisfies z.ZodType<WebhookReceipt>;

const triggerAnswer = z.object({ trigger: triggerResource });
const shownAnswer = z.object({
  trigger: triggerResource,
  webhook_path: z.string().optional().describe('Where the sender posts to; shown in this answer only'),
  signing_secret: z.string().optional().describe('What the sender signs with; shown in this answer only. Absent when the sender issued it'),
});
const page = { count: z.int().nonnegative().describe('Items of this page'), next_cursor: z.string().optional().describe('Absent on the last page') };
const changed = { description: 'The trigger as it is now', mediaType: json, schema: triggerAnswer } as const;
const shown = { description: 'The trigger, and what is shown once', mediaType: json, schema: shownAnswer } as const;
const notFound = ['WEBHOOK_TRIGGER_NOT_FOUND', 'AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED'] as const;

const at = '/automations/v2/{automation_id}/webhook-triggers';

export const createWebhookTrigger = defineRoute({
  operationId: 'createWebhookTrigger', method: 'POST', path: at, tag, access: 'tenant', kind: 'command', idempotent: true,
  summary: 'Give an automation an address for webhooks',
  description: 'The address and a secret that is made here are in this answer only. Repeated with the same `Idempotency-Key`, nothing is made, and the address is not shown again: rotate it.',
  params: automationParams,
  body: { schema: rpc.createWebhookTrigger.payload.omit({ automation_id: true, command_id: true }).strict(), mediaTypes: jsonMedia, required: false },
  answer: shown,
  errors: ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED', 'WEBHOOK_SECRET_UNAVAILABLE', 'WEBHOOK_UNSIGNED_NOT_ALLOWED', 'WEBHOOK_TRIGGER_NOT_FOUND'],
});

export const listWebhookTriggers = defineRoute({
  operationId: 'listWebhookTriggers', method: 'GET', path: at, tag, access: 'tenant', kind: 'read',
  summary: 'List the webhook triggers of an automation, newest first',
  params: automationParams, query: z.strictObject(pageQuery),
  answer: { description: 'A page of triggers', mediaType: json, schema: z.object({ triggers: z.array(triggerResource), ...page }) },
  errors: ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED'],
});

export const getWebhookTrigger = defineRoute({
  operationId: 'getWebhookTrigger', method: 'GET', path: `${at}/{trigger_id}`, tag, access: 'tenant', kind: 'read',
  summary: 'Read one webhook trigger', params: triggerParams, answer: changed, errors: notFound,
});

export const patchWebhookTrigger = defineRoute({
  operationId: 'patchWebhookTrigger', method: 'PATCH', path: `${at}/{trigger_id}`, tag, access: 'tenant', kind: 'command',
  summary: 'Change what deliveries of a webhook trigger do', params: triggerParams,
  body: { schema: rpc.patchWebhookTrigger.payload.omit({ automation_id: true, trigger_id: true }).strict(), mediaTypes: jsonMedia, required: true },
  answer: changed, errors: notFound,
});

export const deleteWebhookTrigger = defineRoute({
  operationId: 'deleteWebhookTrigger', method: 'DELETE', path: `${at}/{trigger_id}`, tag, access: 'tenant', kind: 'command',
  summary: 'Delete a webhook trigger', description: 'Its address is unknown from now on.', params: triggerParams,
  answer: { description: 'It is deleted', mediaType: json, schema: z.object({ ok: z.literal(true), deleted: z.literal(true), trigger_id: z.string() }) },
  errors: notFound,
});

export const enableWebhookTrigger = defineRoute({
  operationId: 'enableWebhookTrigger', method: 'POST', path: `${at}/{trigger_id}/enable`, tag, access: 'tenant', kind: 'command',
  summary: 'Take deliveries again', params: triggerParams, answer: changed, errors: notFound,
});

export const disableWebhookTrigger = defineRoute({
  operationId: 'disableWebhookTrigger', method: 'POST', path: `${at}/{trigger_id}/disable`, tag, access: 'tenant', kind: 'command',
  summary: 'Refuse deliveries from now on', params: triggerParams, answer: changed, errors: notFound,
});

export const rotateWebhookSecret = defineRoute({
  operationId: 'rotateWebhookSecret', method: 'POST', path: `${at}/{trigger_id}/rotate_secret`, tag, access: 'tenant', kind: 'command', idempotent: true,
  summary: 'Change the signing secret', description: 'The one before stays good for `overlap_ms`, by default a day.', params: triggerParams,
  body: { schema: rpc.rotateWebhookSecret.payload.omit({ automation_id: true, trigger_id: true, command_id: true }).strict(), mediaTypes: jsonMedia, required: false },
  answer: shown, errors: ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED', 'WEBHOOK_TRIGGER_NOT_FOUND', 'WEBHOOK_SECRET_UNAVAILABLE'],
});

export const rotateWebhookToken = defineRoute({
  operationId: 'rotateWebhookToken', method: 'POST', path: `${at}/{trigger_id}/rotate_token`, tag, access: 'tenant', kind: 'command', idempotent: true,
  summary: 'Change the address', description: 'The one before stays good for `overlap_ms`, by default not at all.', params: triggerParams,
  body: { schema: rpc.rotateWebhookToken.payload.omit({ automation_id: true, trigger_id: true, command_id: true }).strict(), mediaTypes: jsonMedia, required: false },
  answer: shown, errors: notFound,
});

export const listWebhookDeliveries = defineRoute({
  operationId: 'listWebhookDeliveries', method: 'GET', path: `${at}/{trigger_id}/deliveries`, tag, access: 'tenant', kind: 'read',
  summary: 'List what came in on a webhook trigger, newest first', params: triggerParams,
  query: z.strictObject({ status: wordText(32).optional(), ...pageQuery }),
  answer: { description: 'A page of deliveries', mediaType: json, schema: z.object({ deliveries: z.array(deliveryResource), ...page }) },
  errors: notFound,
});

export const replayWebhookDelivery = defineRoute({
  operationId: 'replayWebhookDelivery', method: 'POST', path: `${at}/{trigger_id}/deliveries/{delivery_id}/replay`, tag, access: 'tenant', kind: 'command',
  summary: 'Route a delivery again', description: 'As if it came now: to a wait that it fits, or to another run.', params: deliveryParams,
  answer: { description: 'It is being routed', mediaType: json, schema: z.object({ ok: z.literal(true), delivery_id: z.string(), replay: z.int().positive() }) },
  errors: ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED', 'WEBHOOK_DELIVERY_NOT_FOUND', 'WEBHOOK_DELIVERY_NOT_REPLAYABLE'],
});

export const receiveWebhook = defineRoute({
  operationId: 'receiveWebhook', method: 'POST', path: '/webhooks/automations/{public_token}', tag, access: 'public', kind: 'command',
  summary: 'Deliver a webhook',
  description: 'Takes any body of at most 256 KiB (GitHub: 512 KiB), signed by the scheme of the trigger. The same event again is answered as `duplicate` and not acted on.',
  params: z.object({ public_token: z.string() }),
  answer: { description: 'It is in the log', mediaType: json, schema: receiptResource.extend({ ok: z.literal(true) }) },
  errors: [
    'WEBHOOK_TRIGGER_NOT_FOUND', 'WEBHOOK_SIGNATURE_INVALID', 'WEBHOOK_TRIGGER_DISABLED', 'WEBHOOK_TOO_LARGE', 'WEBHOOK_SECRET_UNAVAILABLE', 'RATE_LIMITED',
    'REQUEST_BODY_MALFORMED', 'REQUEST_BODY_INVALID', 'REQUEST_MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE',
  ],
});
