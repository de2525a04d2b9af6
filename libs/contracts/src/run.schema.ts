import { z } from 'zod';
import { bindingDifferenceSchema, gateDecisionRecordSchema, pendingGateSchema } from './gate.schema.js';
import { policyHoldSchema } from './policy-decision.schema.js';
import { describedEffectSchema, runRecoverySchema } from './recovery.schema.js';
import { answerProvenanceSchema, endedHumanRequestSchema, humanRequestSchema } from './human-request.schema.js';
import { guardrailLimitsSchema, runSupervisionSchema, runUsageSchema } from './run-supervision.schema.js';
import { automationIdSchema, digestSchema, epochMsSchema, jsonSchema, nodeIdSchema, runIdSchema } from './scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from './tenant.schema.js';

const nodeIds = z.array(nodeIdSchema).readonly();

export const executionClaimSchema = z.object({
  claim_id: z.string(),
  claimant_id: z.string(),
  claimed_at_ms: epochMsSchema,
  lease_expires_at_ms: epochMsSchema,
  lease_epoch: z.int().positive(),
});
export type ExecutionClaim = z.infer<typeof executionClaimSchema>;

/**
 * How safe it is to send an effect again when its outcome is unknown: `keyed` (the peer honours the
 * idempotency key), `safe` (repeating changes nothing), `none` (a person must reconcile it).
 */
export const effectModeSchema = z.enum(['keyed', 'safe', 'none']);
export const effectIntentSchema = z.object({
  effect_id: z.string(),
  /** The same on every attempt of one effect; a node that is reset begins a new effect. */
  idempotency_key: z.string(),
  mode: effectModeSchema,
  ...describedEffectSchema.shape,
});
export type EffectIntent = z.infer<typeof effectIntentSchema>;

export const nodeFailureSchema = z.object({
  kind: z.string(), message: z.string(),
  /** Where in the definition, e.g. `action.body.amount`. */
  path: z.string().optional(),
});
export type NodeFailure = z.infer<typeof nodeFailureSchema>;

export const nodeOutputSchema = z.object({
  status: z.enum(['completed', 'failed', 'blocked', 'skipped']),
  contract_kind: z.string(),
  summary: z.string().optional(),
  content: jsonSchema,
  created_at_ms: epochMsSchema,
  /** Of a question: who gave the answer. */
  answer: answerProvenanceSchema.optional(),
});
export type NodeOutput = z.infer<typeof nodeOutputSchema>;

export const nodeInProgressSchema = z.object({
  attempt: z.int().positive(),
  started_at_ms: epochMsSchema,
  lease_epoch: z.int().nonnegative(),
  effect: effectIntentSchema.optional(),
});
export type NodeInProgress = z.infer<typeof nodeInProgressSchema>;

export const waitKindSchema = z.enum(['timer', 'retry_backoff', 'webhook', 'external_condition', 'child_run', 'worker_task', 'question', 'escalation']);
export type WaitKind = z.infer<typeof waitKindSchema>;

/** What a delivery must be to end a webhook wait: every member that is there must be equal (domain 8.8). */
export const webhookMatchSchema = z.object({
  trigger_id: z.string().optional(),
  provider: z.string().optional(),
  provider_event_kind: z.string().optional(),
  provider_event_id: z.string().optional(),
  idempotency_key: z.string().optional(),
  body_digest: z.string().optional(),
});
export type WebhookMatch = z.infer<typeof webhookMatchSchema>;

export const openWaitTimeoutSchema = z.object({
  timeout_at_ms: epochMsSchema,
  on_timeout: z.enum(['cancel', 'escalate', 'remind', 'resume']),
  escalate_to: z.string().optional(),
  remind_every_ms: z.int().positive().optional(),
  reminder_count: z.int().nonnegative().optional(),
  last_reminded_at_ms: epochMsSchema.optional(),
});
export type OpenWaitTimeout = z.infer<typeof openWaitTimeoutSchema>;

/** What a run waits for. Its expressions and bindings were resolved when it opened. */
export const openWaitSchema = z.object({
  wait_id: z.string(),
  node_id: nodeIdSchema,
  /** Item of a fan-out that waits, from 0. */
  item: z.int().nonnegative().optional(),
  /** Branch of a wait for any, from 0: the first that ends cancels the others of its node. */
  branch: z.int().nonnegative().optional(),
  wait_kind: waitKindSchema,
  /** When it ends by itself; absent when only something from outside, or its timeout, can end it. */
  wake_at_ms: epochMsSchema.optional(),
  created_at_ms: epochMsSchema,
  timeout: openWaitTimeoutSchema.optional(),
  webhook_match: webhookMatchSchema.optional(),
  condition_key: z.string().optional(),
  payload_schema: z.record(z.string(), jsonSchema).optional(),
  child_run_id: runIdSchema.optional(),
  /** What a person is asked for; its deadline is `wake_at_ms`. */
  request: humanRequestSchema.optional(),
});
export type OpenWait = z.infer<typeof openWaitSchema>;

export const unsuccessfulItemSchema = z.object({
  status: z.enum(['failed', 'blocked']),
  attempt: z.int().nonnegative(),
  failure: nodeFailureSchema,
  /** The effect whose outcome nobody knows. */
  effect_id: z.string().optional(),
});
export type UnsuccessfulItem = z.infer<typeof unsuccessfulItemSchema>;

/** A node that is executed once for each item of a list. */
export const fanOutSchema = z.object({
  /** The list, as it was when the node began. */
  items: z.array(jsonSchema).readonly(),
  /** The next item that has never started. */
  next_item: z.int().nonnegative(),
  /** Items that began and have not ended: executing, in back-off, or waiting. */
  open_items: z.array(z.int().nonnegative()).readonly(),
  /** Outputs in the order of the items, in pieces of equal length so that adding one copies little; null where there is none yet. */
  outputs: z.array(z.array(jsonSchema).readonly()).readonly(),
  /** Items that failed for good, or whose effect has to be reconciled, by their index. */
  unsuccessful: z.record(z.string(), unsuccessfulItemSchema),
});
export type FanOut = z.infer<typeof fanOutSchema>;

/** How a wait ended that the outside can ask about again: the same cause repeated gets its first answer. */
export const endedWaitSchema = z.object({
  wait_id: z.string(),
  node_id: nodeIdSchema,
  wait_kind: waitKindSchema,
  status: z.enum(['woken', 'timed_out', 'escalated', 'cancelled']),
  wake_idempotency_key: z.string(),
  completed_at_ms: epochMsSchema,
});
export type EndedWait = z.infer<typeof endedWaitSchema>;

/** What an operator thinks of a node's output. */
export const nodeDispositionSchema = z.enum(['accepted', 'needs_followup', 'rejected', 'ignored']);
export type NodeDisposition = z.infer<typeof nodeDispositionSchema>;

/** A command of a caller, so that it is known when it comes again: its key, and a digest of who asked for what. */
export const operatorCommandSchema = z.object({ command_id: z.string(), fingerprint: z.string() });
export type OperatorCommand = z.infer<typeof operatorCommandSchema>;

export const runCheckpointSchema = z.object({
  completed_nodes: nodeIds,
  pending_nodes: nodeIds,
  blocked_nodes: nodeIds,
  node_outputs: z.record(z.string(), nodeOutputSchema),
  node_attempts: z.record(z.string(), z.int()),
  /** How many of a node's attempts no longer count against its retries, because an operator let it begin anew. */
  earlier_attempts: z.record(z.string(), z.int()).optional(),
  /** Counts resets of a node; part of its effects' identity. Absent means never reset. */
  node_generations: z.record(z.string(), z.int()),
  in_progress: z.record(z.string(), nodeInProgressSchema),
  open_waits: z.array(openWaitSchema).readonly(),
  /** Fan-outs by node, from their first item until all of it is done. Work of item i is under the key `node[i]` elsewhere. */
  fan_outs: z.record(z.string(), fanOutSchema).optional(),
  /** Webhook and external waits that have ended, the newest last; absent means none has. */
  ended_waits: z.array(endedWaitSchema).readonly().optional(),
  /** Questions and escalations that have ended, the newest last; absent means none has. */
  ended_requests: z.array(endedHumanRequestSchema).readonly().optional(),
  /** Child runs that nobody waits for any more and that are still to be cancelled. */
  abandoned_children: z.array(runIdSchema).readonly().optional(),
  /** Effects of which an attempt may have happened, by node or item, until one succeeds, somebody reconciles it or a reset begins another. Absent means none ever was. */
  unknown_effects: z.record(z.string(), z.string()).optional(),
  /** When a node's first attempt began, for limits on all attempts together. */
  first_started_at_ms: z.record(z.string(), epochMsSchema).optional(),
  awaiting_gate: pendingGateSchema.optional(),
  /** By gate: why its next opening asks again. */
  broken_bindings: z.record(z.string(), bindingDifferenceSchema).optional(),
  gate_history: z.array(gateDecisionRecordSchema).readonly(),
  /** Openings of each gate that nobody decided, because a reset dropped them: they count, so that the next one has another id. */
  dropped_openings: z.record(z.string(), z.int().nonnegative()).optional(),
  /** Nodes that a policy lets start only when somebody has approved. Absent means none. */
  policy_holds: z.record(z.string(), policyHoldSchema).optional(),
  /** Which effect an approval was used for, by opening and node: it holds for no other. */
  approval_uses: z.record(z.string(), z.string()).optional(),
  /** Decisions of policies so far. */
  policy_decisions: z.int().nonnegative().optional(),
  node_dispositions: z.record(z.string(), nodeDispositionSchema).optional(),
  /** What was given up, and what undoes it. Absent means nothing ever was. */
  recovery: runRecoverySchema.optional(),
  last_failure: nodeFailureSchema.extend({ node_id: z.string(), failed_at_ms: epochMsSchema }).optional(),
});
export type RunCheckpoint = z.infer<typeof runCheckpointSchema>;

/** The node of another run that asked for this one and waits for it. */
export const parentRunSchema = z.object({
  run_id: runIdSchema,
  node_id: nodeIdSchema,
  wait_id: z.string(),
  root_run_id: runIdSchema,
  /** 1 for the child of a run that has no parent. */
  depth: z.int().positive(),
});
export type ParentRun = z.infer<typeof parentRunSchema>;

const common = z.object({
  run_id: runIdSchema,
  automation_id: automationIdSchema,
  tenant_context: tenantContextSchema,
  trigger_type: z.string(),
  trigger_reason: z.string().optional(),
  parent: parentRunSchema.optional(),
  consumed_handoff_id: z.string().optional(),
  requested_by: governanceActorSchema,
  input: jsonSchema,
  created_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
  started_at_ms: epochMsSchema.optional(),
  workflow_definition_version: z.string(),
  workflow_definition_snapshot_hash: digestSchema,
  effective_execution_profile: z.string(),
  /** Absent until something was consumed. */
  usage: runUsageSchema.optional(),
  /** Newest reports of usage, so that none counts twice. */
  recent_usage_ids: z.array(z.string()).readonly().optional(),
  /** Limits that an operator set for this run; they replace those of its definition. */
  guardrail_overrides: guardrailLimitsSchema.optional(),
  supervision: runSupervisionSchema.optional(),
  /** Newest event that counts as activity (domain 3.7); absent in runs of an earlier release. */
  last_activity_at_ms: epochMsSchema.optional(),
  /** Input partition that the run is pinned to. */
  runtime_context: jsonSchema.optional(),
  execution_claim_epoch: z.int().nonnegative(),
  /** Version of the run when it last became queued: an older queue message is stale. */
  queued_at_version: z.int().nonnegative(),
  /** Events folded so far. */
  version: z.int().positive(),
  checkpoint: runCheckpointSchema,
  pause_reason: z.string().optional(),
  resume_reason: z.string().optional(),
  detail: z.string().optional(),
  stop_kind: z.string().optional(),
  stop_reason: z.string().optional(),
  /** The newest operator commands that carried an idempotency key. */
  operator_commands: z.array(operatorCommandSchema).readonly().optional(),
});

/** Why a queued run is not claimed now; absent when it may be claimed (domain 3.5). */
export const schedulerSchema = z.object({
  queue_reason: z.enum(['capacity', 'workspace_lock', 'rate_limit', 'retry_backoff', 'automation_paused', 'governance']), queued_at_ms: epochMsSchema,
  /** What the run waits its turn for. */
  resource_key: z.string().optional(),
  retry_after_ms: epochMsSchema.optional(),
});
export type RunScheduler = z.infer<typeof schedulerSchema>;
const finished = { finished_at_ms: epochMsSchema };

/** The run as folded from its events: one member per status, each with only the fields it has. */
export const runSchema = z.discriminatedUnion('status', [
  common.extend({ status: z.literal('queued'), scheduler: schedulerSchema.optional() }),
  common.extend({ status: z.literal('running'), execution_claim: executionClaimSchema }),
  /** Told to pause; its runner is ending what it does. */
  common.extend({ status: z.literal('pausing'), execution_claim: executionClaimSchema }),
  common.extend({ status: z.literal('awaiting_approval') }),
  common.extend({ status: z.literal('paused') }),
  common.extend({ status: z.literal('completed'), ...finished }),
  /** With the dead letter that the node left which was given up. */
  common.extend({ status: z.literal('failed'), ...finished, dead_letter_id: z.string().optional() }),
  common.extend({ status: z.literal('blocked'), ...finished }),
  common.extend({ status: z.literal('cancelled'), ...finished }),
]);
export type Run = z.infer<typeof runSchema>;
export type RunStatus = Run['status'];
export type RunIn<Status extends RunStatus> = Extract<Run, { status: Status }>;
