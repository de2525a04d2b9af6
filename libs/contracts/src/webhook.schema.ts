import { z } from 'zod';
import { automationIdSchema, digestSchema, epochMsSchema, jsonSchema, runIdSchema } from './scalars.schema.js';
import { tenantContextSchema } from './tenant.schema.js';

/** Who sends, e.g. `generic`, `github`: decides the default scheme, where an event's id and kind stand, and the largest body. */
export const webhookProviderSchema = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'provider: 1 to 32 lower-case letters, digits, "_" or "-"');

/** How a sender proves that a body is its own. Each is described in docs/guides/webhooks.md. */
export const signatureSchemeSchema = z.enum([
  'hmac_sha256_v1', 'github_hmac_sha256', 'notion_hmac_sha256', 'linear_hmac_sha256', 'shared_secret_header_v1', 'unsigned_dev_mode',
]);
export type SignatureScheme = z.infer<typeof signatureSchemeSchema>;

export const secretNameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'name of a secret: 1 to 64 letters, digits or "_"');

/** Where a signing secret comes from. The secret itself is never in the log. */
export const webhookSecretSourceSchema = z.discriminatedUnion('kind', [
  /** Computed from the runner's key, the trigger and this number. */
  z.object({ kind: z.literal('derived'), generation: z.int().positive() }),
  /** `secrets.<name>` of the runner: the sender issued it. */
  z.object({ kind: z.literal('ref'), name: secretNameSchema }),
  z.object({ kind: z.literal('none') }),
]);
export type WebhookSecretSource = z.infer<typeof webhookSecretSourceSchema>;

export const webhookTriggerIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'trigger id: 1 to 128 letters, digits, "_" or "-"');
export const webhookDeliveryIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'delivery id: 1 to 128 letters, digits, "_" or "-"');
const tokenHashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A webhook trigger as its events leave it. Tokens are here by their SHA-256 only. */
export const webhookTriggerSchema = z.object({
  trigger_id: webhookTriggerIdSchema,
  automation_id: automationIdSchema,
  tenant_context: tenantContextSchema,
  name: z.string().optional(),
  provider: webhookProviderSchema,
  scheme: signatureSchemeSchema,
  /** Header of `shared_secret_header_v1`, in lower case. */
  secret_header: z.string().optional(),
  secret: webhookSecretSourceSchema,
  /** Highest generation that was ever derived: none comes back. */
  last_generation: z.int().nonnegative(),
  /** Accepted beside the current one until then. */
  previous_secret: z.object({ secret: webhookSecretSourceSchema, valid_until_ms: epochMsSchema }).optional(),
  token_hash: tokenHashSchema,
  previous_token: z.object({ token_hash: tokenHashSchema, valid_until_ms: epochMsSchema }).optional(),
  /** A delivery that no wait takes starts a run. */
  starts_runs: z.boolean(),
  /** Kinds of events that count; empty for all. */
  event_kinds: z.array(z.string()).readonly(),
  /** Input of the runs that it starts, with expressions over the delivery; absent: the delivery itself. */
  input: jsonSchema.optional(),
  enabled: z.boolean(),
  deleted: z.boolean(),
  created_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
  /** The request that last created or rotated something: repeated, it changes nothing. */
  last_command_id: z.string().optional(),
});
export type WebhookTrigger = z.infer<typeof webhookTriggerSchema>;

/** What is known of a delivery whatever became of it. */
export const webhookDeliveryFactsSchema = z.object({
  delivery_id: webhookDeliveryIdSchema,
  trigger_id: webhookTriggerIdSchema,
  automation_id: automationIdSchema,
  tenant_context: tenantContextSchema,
  provider: webhookProviderSchema,
  provider_event_kind: z.string().optional(),
  provider_event_id: z.string().optional(),
  /** `<provider>:<provider_event_id>`, else the digest of the body. */
  idempotency_key: z.string(),
  body_digest: digestSchema,
  body_bytes: z.int().nonnegative(),
  received_at_ms: epochMsSchema,
});
export type WebhookDeliveryFacts = z.infer<typeof webhookDeliveryFactsSchema>;

/** What a delivery was given to: the wait of a run, or a run of its own. */
export const webhookTargetSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('wait'), run_id: runIdSchema, wait_id: z.string() }),
  z.object({ kind: z.literal('new_run'), run_id: runIdSchema }),
]);
export type WebhookTarget = z.infer<typeof webhookTargetSchema>;

/** Largest body that is taken, in bytes. */
export const webhookBodyLimits = { github: 512 * 1024, other: 256 * 1024, unknown: 32 * 1024 } as const;
/** How far a signed time may be from ours, in ms; exactly so far is accepted. */
export const webhookToleranceMs = 300_000;
/** How long before a wait opened a delivery may have come to end it, in ms. */
export const webhookLookbackMs = 15 * 60_000;
