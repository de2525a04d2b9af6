import { governanceActorSchema, type RunObservability } from '@cs/contracts';
import { z } from 'zod';
import { compensationResource, ledgerDeadLetterResource, outboxResource, toolEffectResource } from './reliability.schema.js';
import { statefulEventResource, statefulRunResource } from './resources.schema.js';
import { statefulSnapshotResource } from './snapshot.schema.js';
import { waitResource } from './wait.schema.js';

const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const count = z.int().nonnegative();
const text = z.string().nullable();
const strings = z.array(z.string()).readonly();
const historical = z.boolean().describe('Of decisions of the policy: a newer one settled it, or the run is over; it is listed all the same');
const named = { event_id: z.string(), seq: z.int().positive(), causation_id: text, correlation_id: text };

const policyDecision = z.object({
  decision_id: z.string(), run_id: z.string(), automation_id: z.string(), node_id: z.string(), tool: text, decision: z.string().describe('allow, deny or approval_required'), reason_code: z.string(),
  risk_tier: text, policy_id: text.describe('The decisive policy; null where none matched'), grant_id: text, approval_id: text.describe('Opening that asks for the approval, or whose approval the effect went out under'),
  audit_event_id: text.describe('Event by which the audit records it; null for what is not audited'), effect_id: z.string(), created_at_ms: milliseconds,
});

const protectedEvent = z.object({
  event_id: z.string(), event_type: z.string(), created_at_ms: milliseconds, seq: z.int(), record_hash: z.string(), actor: governanceActorSchema.nullable(),
  payload_digest: z.string().describe('`sha256:` and the digest of what the record says'),
});

const blockingReason = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run_status'), status: z.string(), phase_id: text, historical }),
  z.object({ kind: z.literal('active_wait'), wait_id: z.string(), wait_kind: z.string(), status: z.string(), phase_id: text, reason: text, historical }),
  z.object({ kind: z.literal('policy_decision'), decision_id: z.string(), decision: z.string(), reason_code: z.string(), tool: text, approval_id: text, historical }),
  z.object({ kind: z.literal('outbox'), outbox_id: z.string(), status: z.string(), operation: text, dead_letter_id: text, historical }),
  z.object({ kind: z.literal('tool_effect'), effect_id: z.string(), status: z.string(), operation: text, compensation_id: text, historical }),
  z.object({ kind: z.literal('dead_letter'), dead_letter_id: z.string(), source_type: z.string(), reason: z.string(), historical }),
  z.object({ kind: z.literal('compensation'), compensation_id: z.string(), status: z.string(), target_effect_id: z.string(), approval_required: z.boolean(), historical }),
]);

const operatorAction = z.discriminatedUnion('action', [
  z.object({ action: z.literal('resume_from_checkpoint'), requires_status: strings }),
  z.object({ action: z.literal('review_wait'), wait_ids: strings }),
  z.object({ action: z.literal('approve_or_deny_policy_decision'), approval_refs: strings }),
  z.object({ action: z.literal('retry_or_reconcile_effect'), effect_ids: strings }),
  z.object({ action: z.literal('resolve_dead_letter'), dead_letter_ids: strings }),
  z.object({ action: z.literal('run_or_cancel_compensation'), compensation_ids: strings }),
]);

/** Everything about one run. */
export const runObservabilityAnswer = z.object({
  run_id: z.string(),
  source: z.literal('stateful_runtime_observability'),
  run: statefulRunResource,
  current_wait: waitResource.nullable().describe('What it waits for first'),
  waits: z.array(waitResource).readonly().describe('All that are active, then the newest of those that ended'),
  policy_decisions: z.array(policyDecision).readonly().describe('Newest first'),
  reliability: z.object({
    outbox: z.array(outboxResource).readonly(), tool_effects: z.array(toolEffectResource).readonly(), dead_letters: z.array(ledgerDeadLetterResource).readonly(), compensations: z.array(compensationResource).readonly(),
  }).describe('Newest updated first, those too that a later success made moot'),
  audit: z.object({ protected_events: z.array(protectedEvent).readonly(), payload_policy: z.literal('redacted_payload_digest_only') }),
  events: z.object({
    latest: z.object({ ...named, event_type: z.string(), occurred_at_ms: milliseconds, phase_id: text }).nullable(),
    tail: z.array(statefulEventResource).readonly().describe('The newest, ascending'),
    correlation_ids: z.array(z.object(named)).readonly(),
  }),
  snapshots: z.object({
    latest: z.object({ snapshot_id: z.string(), seq: z.int().positive(), status: z.string(), phase: z.string(), created_at_ms: milliseconds }).nullable(),
    items: z.array(statefulSnapshotResource).readonly().describe('The newest, ascending'),
  }),
  operator_summary: z.object({ is_blocked: z.boolean(), blocking_reasons: z.array(blockingReason).readonly(), allowed_actions: z.array(operatorAction).readonly() }),
  counts: z.object({
    waits: count, active_waits: count, policy_decisions: count, outbox: count, tool_effects: count, dead_letters: count, compensations: count, protected_audit_events: count, events: count, snapshots: count,
  }).describe('Of what is in this document'),
  limits: z.object({ event_limit: count, snapshot_limit: count, reliability_limit: count, audit_limit: count }),
}) satisfies z.ZodType<RunObservability>;
