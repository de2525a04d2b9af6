import { declaredCompensationSchema, deadLetterSources, governanceActorSchema, recoveryOptionSchema, type CompensationRecord, type LedgerDeadLetter, type OutboxRecord, type ToolEffectRecord } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';
import { z } from 'zod';

const text = z.string().nullable();
const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const freeForm = z.custom<JsonObject>().nullable();

const ledgerRecord = {
  scope: z.object({ schema_version: z.literal(1), tenant_context: z.object({ org_id: z.string(), workspace_id: z.string(), deployment_id: text }) }),
  run_id: text, created_at_ms: milliseconds, updated_at_ms: milliseconds, metadata: freeForm,
};

const effect = { operation: text, source_kind: z.string(), source_id: z.string(), node_id: text, provider: text.describe('Host of the address, where the definition fixes it'), tool: text, target: text, policy_decision_id: text, compensation_id: text };

/** Something that is to leave, leaves, or has left the system. */
export const outboxResource = z.object({
  ...ledgerRecord, ...effect, outbox_id: z.string(), status: z.enum(['pending', 'claimed', 'sent', 'failed', 'cancelled', 'dead_lettered']), idempotency_key: z.string(), payload_digest: text, effect_id: z.string(),
  receipt_id: text.describe('The event of the run that is the receipt'), dead_letter_id: text, attempts: z.int(), claimed_by: text, claimed_at_ms: milliseconds.nullable(), claim_expires_at_ms: milliseconds.nullable(),
}) satisfies z.ZodType<OutboxRecord>;

/** What is known of an effect. */
export const toolEffectResource = z.object({
  ...ledgerRecord, ...effect, effect_id: z.string(), outbox_id: z.string(), action_id: z.string().describe('What the run calls it: `effect_id` of its events, and its idempotency key'),
  status: z.enum(['pending', 'succeeded', 'failed', 'unknown']), input_digest: text, output_digest: text, receipt_payload_digest: text,
  receipt_payload_redacted: z.custom<Json>().describe('What was answered, without what is named like a secret or looks like one; null before'), receipt_pointer: text, redaction_tier: z.literal('safe_ui'), audit_hash: z.string(), error: text,
}) satisfies z.ZodType<ToolEffectRecord>;

/** What was given up, and what became of it. */
export const ledgerDeadLetterResource = z.object({
  ...ledgerRecord, dead_letter_id: z.string(), source_type: z.enum(deadLetterSources), source_id: z.string(), node_id: text, reason: z.string(),
  status: z.string().describe('open, retry_requested, retrying, ignored, linked_to_compensation or resolved'), recovery_options: z.array(recoveryOptionSchema).readonly(),
  payload_pointer: text.describe('Subject of the message that tells of it'), compensation_id: text, attempts: z.int(), operator_disposition: text, disposition_reason: text, disposition_actor: governanceActorSchema.nullable(), disposition_at_ms: milliseconds.nullable(),
}) satisfies z.ZodType<LedgerDeadLetter>;

/** What undoes an effect. */
export const compensationResource = z.object({
  ...ledgerRecord, ...declaredCompensationSchema.omit({ action: true }).shape, compensation_type: z.string(), approval_required: z.boolean(), compensation_id: z.string(),
  rollback_instruction: z.string().exactOptional(), forward_fix_instruction: z.string().exactOptional(),
  status: z.string().describe('proposed, awaiting_approval, approved, running, completed, failed or cancelled'), target_effect_id: z.string().describe('`effect_id` of what it undoes'), outbox_id: text, node_id: z.string(),
  action: freeForm.describe('The request that does it, as the definition has it; null where a person does it'), receipt_effect_id: text, attempts: z.int(),
}) satisfies z.ZodType<CompensationRecord, unknown>;

const place = z.object({ after_id: z.string(), after_collection: z.string(), before_created_at_ms: milliseconds.optional() });

export const reliabilityAnswer = z.object({
  outbox: z.array(outboxResource).readonly(), tool_effects: z.array(toolEffectResource).readonly(), dead_letters: z.array(ledgerDeadLetterResource).readonly(), compensations: z.array(compensationResource).readonly(),
  counts: z.object({ outbox: z.int(), tool_effects: z.int(), dead_letters: z.int(), compensations: z.int() }).describe('Records of this page'),
  pagination: z.object({
    limit: z.int(),
    next: z.object({ outbox: place.optional(), tool_effects: place.optional(), dead_letters: place.optional(), compensations: place.optional() }).describe('Parameters of the next page of each collection; a member is there when its page is full'),
  }),
});
