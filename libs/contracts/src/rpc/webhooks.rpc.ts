import { z } from 'zod';
import { automationIdSchema, jsonSchema } from '../scalars.schema.js';
import {
  secretNameSchema, signatureSchemeSchema, webhookDeliveryFactsSchema, webhookDeliveryIdSchema, webhookProviderSchema, webhookTriggerIdSchema,
  type WebhookDeliveryFacts, type WebhookTrigger,
} from '../webhook.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

/** A trigger as its owner sees it: no token, no secret. */
export type WebhookTriggerRecord = Omit<WebhookTrigger, 'token_hash' | 'previous_token' | 'deleted' | 'last_command_id' | 'tenant_context'> & {
  /** The address before the current one is good until then. */
  readonly previous_token_valid_until_ms?: number;
};

/** A trigger with what is shown once, in the answer to the request that made it. */
export interface WebhookTriggerShown {
  readonly trigger: WebhookTriggerRecord;
  /** Where the sender posts to: `/webhooks/automations/<token>`. Absent when a repeated request finds it made already. */
  readonly webhook_path?: string;
  /** What the sender signs with. Absent when the sender issued it. */
  readonly signing_secret?: string;
}

export interface WebhookDeliveryRecord extends Omit<WebhookDeliveryFacts, 'tenant_context'> {
  readonly status: string;
  /** What came of it: `received`, `new_run`, `wake_run`, `suppressed`, `rejected`. */
  readonly outcome: string;
  readonly reason: string | null;
  readonly run_id: string | null;
  readonly wait_id: string | null;
  /** How often it came again, up to 8. */
  readonly repeated: number;
  readonly updated_at_ms: number;
}

/** What the sender is told. */
export interface WebhookReceipt {
  readonly status: 'accepted' | 'duplicate';
  readonly outcome: 'received' | 'duplicate';
  readonly delivery_id: string;
}

/** A wait that a delivery may end. */
export interface WebhookWait {
  readonly run_id: string;
  readonly wait_id: string;
}

const runner = (name: string): string => `cs.rpc.runner.webhook_${name}`;
const observability = (name: string): string => `cs.rpc.observability.webhook_${name}`;
const ofAutomation = { automation_id: automationIdSchema };
const ofTrigger = { ...ofAutomation, trigger_id: webhookTriggerIdSchema };
const command = { command_id: commandIdSchema.optional() };
const minPosition = { min_position: z.int().nonnegative().optional() };

const longestOverlapMs = 30 * 24 * 3_600_000;
const changeable = {
  name: z.string().min(1).max(200).optional(),
  starts_runs: z.boolean().optional(),
  event_kinds: z.array(z.string().min(1).max(128)).max(64).optional(),
  input: jsonSchema.optional(),
};
const headerName = z.string().regex(/^[a-z0-9-]{1,64}$/, 'a header name in lower case');
const signature = { scheme: signatureSchemeSchema.optional(), secret_ref: secretNameSchema.optional(), secret_header: headerName.optional() };

/** `scheme` defaults to the provider's own, else `hmac_sha256_v1`. Without `secret_ref` the secret is made here. */
export const createWebhookTrigger = rpcMethod<WebhookTriggerShown>()(runner('trigger_create'), z.object({ ...ofAutomation, provider: webhookProviderSchema.default('generic'), ...signature, ...changeable, ...command }));
export const patchWebhookTrigger = rpcMethod<WebhookTriggerRecord>()(runner('trigger_patch'), z.object({ ...ofTrigger, ...changeable }));
export const deleteWebhookTrigger = rpcMethod<WebhookTriggerRecord>()(runner('trigger_delete'), z.object(ofTrigger));
export const enableWebhookTrigger = rpcMethod<WebhookTriggerRecord>()(runner('trigger_enable'), z.object(ofTrigger));
export const disableWebhookTrigger = rpcMethod<WebhookTriggerRecord>()(runner('trigger_disable'), z.object(ofTrigger));
/** The secret before stays good for `overlap_ms`. */
export const rotateWebhookSecret = rpcMethod<WebhookTriggerShown>()(
  runner('trigger_rotate_secret'),
  z.object({ ...ofTrigger, secret_ref: secretNameSchema.optional(), overlap_ms: z.int().min(0).max(longestOverlapMs).default(24 * 3_600_000), ...command }),
);
/** The address before stays good for `overlap_ms`; by default it is unknown at once. */
export const rotateWebhookToken = rpcMethod<WebhookTriggerShown>()(runner('trigger_rotate_token'), z.object({ ...ofTrigger, overlap_ms: z.int().min(0).max(longestOverlapMs).default(0), ...command }));
export const replayWebhookDelivery = rpcMethod<{ readonly delivery_id: string; readonly replay: number }>()(runner('delivery_replay'), z.object({ ...ofTrigger, delivery_id: webhookDeliveryIdSchema }));

/** What came in on a public address, as bytes. For the gateway only: it carries no tenant. */
export const receiveWebhook = rpcMethod<WebhookReceipt>()(
  runner('receive'),
  z.object({
    public_token: z.string().max(128),
    /** Headers that a scheme or a provider reads, in lower case. */
    headers: z.record(z.string().max(128), z.string().max(4096)),
    body_base64: z.string(),
    /** Sent from this machine, and by nobody else's order. */
    is_local: z.boolean(),
  }),
);

export const getWebhookTrigger = rpcMethod<WebhookTriggerRecord>()(observability('trigger_get'), z.object({ ...ofTrigger, ...minPosition }));
const page = {
  limit: z.int().default(50).transform((value) => Math.min(Math.max(value, 1), 200)),
  cursor: z.string().max(400).optional(),
};
export const listWebhookTriggers = rpcMethod<Page<WebhookTriggerRecord>>()(observability('trigger_list'), z.object({ ...ofAutomation, ...page, ...minPosition }));
export const listWebhookDeliveries = rpcMethod<Page<WebhookDeliveryRecord>>()(
  observability('delivery_list'),
  z.object({ ...ofTrigger, status: z.string().max(32).optional(), ...page, ...minPosition }),
);

/** Open waits of the tenant that a delivery fits, the one that is due first before the others (domain 8.3). For services only. */
export const findWebhookWaits = rpcMethod<{ readonly waits: readonly WebhookWait[] }>()(
  observability('waits'),
  z.object({ delivery: webhookDeliveryFactsSchema, limit: z.int().min(1).max(100).default(10), ...minPosition }),
);
/** Accepted deliveries that nothing has taken yet and that fit a wait, the oldest first. For services only. */
export const findEarlyDeliveries = rpcMethod<{ readonly delivery_ids: readonly string[] }>()(
  observability('early_deliveries'),
  z.object({
    match: z.object({
      trigger_id: z.string(), provider: z.string().optional(), provider_event_kind: z.string().optional(), provider_event_id: z.string().optional(),
      idempotency_key: z.string().optional(), body_digest: z.string().optional(),
    }),
    received_from_ms: z.int().nonnegative(),
    limit: z.int().min(1).max(100).default(10),
    ...minPosition,
  }),
);
