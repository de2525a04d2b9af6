import { z } from 'zod';
import { gateDecisionRecordSchema, pendingGateSchema } from './gate.schema.js';
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
});
export type EffectIntent = z.infer<typeof effectIntentSchema>;

export const nodeFailureSchema = z.object({
  kind: z.string(),
  message: z.string(),
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
});
export type NodeOutput = z.infer<typeof nodeOutputSchema>;

export const nodeInProgressSchema = z.object({
  attempt: z.int().positive(),
  started_at_ms: epochMsSchema,
  lease_epoch: z.int().nonnegative(),
  effect: effectIntentSchema.optional(),
});
export type NodeInProgress = z.infer<typeof nodeInProgressSchema>;

export const openWaitSchema = z.object({
  wait_id: z.string(),
  node_id: nodeIdSchema,
  wait_kind: z.enum(['timer', 'retry_backoff']),
  wake_at_ms: epochMsSchema,
  created_at_ms: epochMsSchema,
});
export type OpenWait = z.infer<typeof openWaitSchema>;

export const runCheckpointSchema = z.object({
  completed_nodes: nodeIds,
  pending_nodes: nodeIds,
  blocked_nodes: nodeIds,
  node_outputs: z.record(z.string(), nodeOutputSchema),
  node_attempts: z.record(z.string(), z.int()),
  /** Counts resets of a node; part of its effects' identity. Absent means never reset. */
  node_generations: z.record(z.string(), z.int()),
  in_progress: z.record(z.string(), nodeInProgressSchema),
  open_waits: z.array(openWaitSchema).readonly(),
  awaiting_gate: pendingGateSchema.optional(),
  gate_history: z.array(gateDecisionRecordSchema).readonly(),
  last_failure: nodeFailureSchema.extend({ node_id: z.string(), failed_at_ms: epochMsSchema }).optional(),
});
export type RunCheckpoint = z.infer<typeof runCheckpointSchema>;

const common = z.object({
  run_id: runIdSchema,
  automation_id: automationIdSchema,
  tenant_context: tenantContextSchema,
  trigger_type: z.string(),
  trigger_reason: z.string().optional(),
  requested_by: governanceActorSchema,
  input: jsonSchema,
  created_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
  started_at_ms: epochMsSchema.optional(),
  workflow_definition_version: z.string(),
  workflow_definition_snapshot_hash: digestSchema,
  effective_execution_profile: z.string(),
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
});

export const schedulerSchema = z.object({
  queue_reason: z.enum(['capacity', 'workspace_lock', 'rate_limit', 'retry_backoff']),
  queued_at_ms: epochMsSchema,
  retry_after_ms: epochMsSchema.optional(),
});

const finished = { finished_at_ms: epochMsSchema };

/** The run as folded from its events: one member per status, each with only the fields it has. */
export const runSchema = z.discriminatedUnion('status', [
  common.extend({ status: z.literal('queued'), scheduler: schedulerSchema.optional() }),
  common.extend({ status: z.literal('running'), execution_claim: executionClaimSchema }),
  common.extend({ status: z.literal('awaiting_approval') }),
  common.extend({ status: z.literal('paused') }),
  common.extend({ status: z.literal('completed'), ...finished }),
  common.extend({ status: z.literal('failed'), ...finished }),
  common.extend({ status: z.literal('blocked'), ...finished }),
  common.extend({ status: z.literal('cancelled'), ...finished }),
]);
export type Run = z.infer<typeof runSchema>;
export type RunStatus = Run['status'];
export type RunIn<Status extends RunStatus> = Extract<Run, { status: Status }>;
