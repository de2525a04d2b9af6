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

/** Somebody who may decide a gate: one person, or whoever has a role or is in a group. */
export const approverSchema = z.strictObject({ kind: z.enum(['person', 'role', 'group']), id: z.string().min(1).max(256) });
export type Approver = z.infer<typeof approverSchema>;

/** `veto`: the first who does not approve decides. `majority`: as soon as the approvals that are required cannot be reached any more. */
export const votingSchema = z.enum(['veto', 'majority']);

/** What one person said at a gate that needs several. */
export const gateVoteSchema = z.object({
  vote_id: z.string(),
  /** One spelling per person, whatever channel the vote came through. */
  voter: z.string(),
  decision: gateDecisionSchema,
  reason: z.string().optional(),
  voted_by: governanceActorSchema,
  voted_at_ms: epochMsSchema,
  command_id: z.string().optional(),
});
export type GateVote = z.infer<typeof gateVoteSchema>;

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
  /** Who may decide; absent means anyone with authority. */
  approvers: z.array(approverSchema).readonly().optional(),
  /** Approvals of different people that it takes; absent means one. */
  approvals_required: z.int().positive().optional(),
  voting: votingSchema.optional(),
  requester_may_approve: z.boolean().optional(),
  /** Oldest first; each person once. Only at gates that need several. */
  votes: z.array(gateVoteSchema).readonly().optional(),
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
  /** At a gate that needed several people: whoever cast the last vote. */
  decided_by: governanceActorSchema,
  votes: z.array(gateVoteSchema).readonly().optional(),
  /** The caller's idempotency key: the same command repeated gets its first answer. */
  command_id: z.string().optional(),
});
export type GateDecisionRecord = z.infer<typeof gateDecisionRecordSchema>;
