import { z } from 'zod';
import { jsonSchema, epochMsSchema, nodeIdSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

export const gateDecisionSchema = z.enum(['approve', 'rework', 'cancel']);
export type GateDecision = z.infer<typeof gateDecisionSchema>;

export const expiryPolicySchema = z.strictObject({
  expires_after_ms: z.int().nonnegative().optional(),
  on_expiry: z.enum(['cancel', 'escalate', 'remind', 'resume']).optional(),
  escalate_to: z.string().min(1).optional(),
  remind_every_ms: z.int().positive().optional(),
});

/** An open approval gate, as the approver sees it: every text is resolved when the gate opens. */
export const pendingGateSchema = z.object({
  node_id: nodeIdSchema,
  /** One per opening: a gate that opens again after rework has a new one. */
  gate_opening_id: z.string(),
  approval_request_id: z.string(),
  wait_id: z.string(),
  transition_id: z.string(),
  title: z.string(),
  instructions: z.string().optional(),
  /** What this gate accepts, without synonyms. */
  decisions: z.array(gateDecisionSchema).readonly(),
  rework_targets: z.array(nodeIdSchema).readonly(),
  requested_at_ms: epochMsSchema,
  upstream_node_ids: z.array(nodeIdSchema).readonly(),
  risk_tier: z.string().optional(),
  data_classes: z.array(z.string()).readonly().optional(),
  expiry_policy: expiryPolicySchema.optional(),
  metadata: z.record(z.string(), jsonSchema).optional(),
});
export type PendingGate = z.infer<typeof pendingGateSchema>;

export const gateDecisionRecordSchema = z.object({
  /** One per request to decide: two people who say the same at the same moment made two decisions, of which one won. */
  decision_id: z.string().optional(),
  node_id: nodeIdSchema,
  gate_opening_id: z.string(),
  decision: gateDecisionSchema,
  reason: z.string().optional(),
  decided_at_ms: epochMsSchema,
  decided_by: governanceActorSchema,
  /** The caller's idempotency key: the same command repeated gets its first answer. */
  command_id: z.string().optional(),
});
export type GateDecisionRecord = z.infer<typeof gateDecisionRecordSchema>;
