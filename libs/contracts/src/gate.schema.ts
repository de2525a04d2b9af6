import { z } from 'zod';
import { onBehalfOfSchema } from './delegation.schema.js';
import { digestSchema, jsonSchema, epochMsSchema, nodeIdSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

export const gateDecisionSchema = z.enum(['approve', 'rework', 'cancel']);
export type GateDecision = z.infer<typeof gateDecisionSchema>;

/** How a gate was settled: by a person, or by its time. */
export const gateOutcomeSchema = z.enum([...gateDecisionSchema.options, 'expired', 'timeout_resume']);
export type GateOutcome = z.infer<typeof gateOutcomeSchema>;

/**
 * What kind of request waits for a person: a gate of the definition, one that needs several people, one that a
 * policy opened by itself, a question of a step, a request to a role, a change of an automation's governance.
 */
export const approvalKindSchema = z.enum(['approval_gate', 'dual_control', 'policy_gate', 'question', 'escalation', 'governance_approval']);
export type ApprovalKind = z.infer<typeof approvalKindSchema>;

const principal = z.string().min(1).max(256);
const longestMs = 366 * 24 * 3_600_000;

/** What happens to a gate that nobody decides (domain 5.9). */
export const expiryPolicySchema = z.strictObject({
  expires_after_ms: z.int().nonnegative().max(longestMs).optional().describe('Time to decide, in ms. Absent or 0: the default of the installation, 7 days unless configured.'),
  on_expiry: z
    .enum(['cancel', 'escalate', 'remind', 'resume'])
    .optional()
    .describe('cancel ends the run; escalate asks the next of escalate_to and gives it the same time again; remind asks again; resume goes on as if approved. Default cancel.'),
  escalate_to: z.union([principal, z.array(principal).min(1).max(8)]).optional().describe('Who is asked when time runs out, one after the other.'),
  remind_every_ms: z.int().min(1000).max(longestMs).optional().describe('Time between reminders, in ms. Absent: none before the gate expires, and one with on_expiry remind.'),
});
export type ExpiryPolicy = z.infer<typeof expiryPolicySchema>;

/** What time has done to an open gate so far. */
export const gatePolicyStateSchema = z.object({
  escalations: z.int().nonnegative(),
  escalated_at_ms: epochMsSchema.optional(),
  escalated_to: z.string().optional(),
  reminder_count: z.int().nonnegative(),
  last_reminded_at_ms: epochMsSchema.optional(),
  /** A reminder that came after the gate's time. */
  expired_reminder: z.boolean().optional(),
  /** Open for a day. */
  stale: z.boolean().optional(),
  /** Changes with every escalation and reminder: channels tell each once. */
  notification_key: z.string().optional(),
});
export type GatePolicyState = z.infer<typeof gatePolicyStateSchema>;

/** Somebody who may decide a gate: one person, or whoever has a role or is in a group. */
export const approverSchema = z.strictObject({
  kind: z.enum(['person', 'role', 'group']).describe('One person, or everybody who has the role or is in the group.'),
  id: z.string().min(1).max(256).describe('Who, e.g. ada, finance-lead or payments.'),
});
export type Approver = z.infer<typeof approverSchema>;

/** `veto`: the first who does not approve decides. `majority`: as soon as the approvals that are required cannot be reached any more. */
export const votingSchema = z.enum(['veto', 'majority']);

/** What one person said at a gate that needs several. */
export const gateVoteSchema = z.object({
  vote_id: z.string(),
  /** Whose vote it is: one spelling per person, whatever channel it came through. */
  voter: z.string(),
  decision: gateDecisionSchema,
  reason: z.string().optional(),
  voted_by: governanceActorSchema,
  /** Every identity of who cast it, where that is a user of a channel who is linked to a person: one of them makes the same caster. */
  also_known_as: z.array(z.string()).readonly().optional(),
  /** Present when a stand-in cast it. */
  on_behalf_of: onBehalfOfSchema.optional(),
  voted_at_ms: epochMsSchema,
  command_id: z.string().optional(),
});
export type GateVote = z.infer<typeof gateVoteSchema>;

/** A step that goes out when a gate is approved, as the approver sees it. */
export const gateReleaseSchema = z.object({
  node_id: nodeIdSchema,
  action_kind: z.string(),
  /** The step's arguments with every expression resolved; secrets stay names. Absent when they are too long to show, or cannot be known yet. */
  arguments: jsonSchema.optional(),
  /** SHA-256 of the arguments: nothing else may be executed under this approval. Absent when they cannot be known yet. */
  digest: digestSchema.optional(),
  /** Why arguments are not shown. */
  note: z.string().optional(),
});
export type GateRelease = z.infer<typeof gateReleaseSchema>;

/** Why a gate asks again: a step was about to do something else than what was approved. */
export const bindingDifferenceSchema = z.object({
  node_id: nodeIdSchema,
  approved_digest: digestSchema,
  actual_digest: digestSchema,
  /** Places that differ, at most 20. */
  differences: z.array(z.object({ path: z.string(), approved: jsonSchema.optional(), actual: jsonSchema.optional() })).readonly(),
});
export type BindingDifference = z.infer<typeof bindingDifferenceSchema>;

/** Why a gate opened that no definition has: a policy asked for an approval of this node's effect. */
export const gatePolicySchema = z.object({
  decision_id: z.string(),
  reason_code: z.string(),
  reason: z.string(),
  /** Only an elevated reviewer may approve. */
  elevated: z.boolean(),
  policy_version: z.string(),
  /** Role that may approve; absent means anyone with authority. */
  approver_role: z.string().optional(),
});
export type GatePolicy = z.infer<typeof gatePolicySchema>;

/** An open approval gate, as the approver sees it: every text is resolved when the gate opens. */
export const pendingGateSchema = z.object({
  /** Absent: `policy_gate` where a policy opened it, `dual_control` where it needs several people, else `approval_gate`. */
  kind: approvalKindSchema.optional(),
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
  /** What goes out when it is approved. */
  releases: z.array(gateReleaseSchema).readonly().optional(),
  /** Present when the approval of an earlier opening did not cover what was about to happen. */
  reopened_because: bindingDifferenceSchema.optional(),
  /** Who may decide; absent means anyone with authority. */
  approvers: z.array(approverSchema).readonly().optional(),
  /** Approvals of different people that it takes; absent means one. */
  approvals_required: z.int().positive().optional(),
  voting: votingSchema.optional(),
  requester_may_approve: z.boolean().optional(),
  /** Oldest first; each person once. Only at gates that need several. */
  votes: z.array(gateVoteSchema).readonly().optional(),
  expiry_policy: expiryPolicySchema.optional(),
  /** When its time is over; absent at gates of releases that had no expiry. */
  expires_at_ms: epochMsSchema.optional(),
  policy_state: gatePolicyStateSchema.optional(),
  /** Present when a policy opened the gate, at a node that is no approval node. */
  policy: gatePolicySchema.optional(),
  metadata: z.record(z.string(), jsonSchema).optional(),
});
export type PendingGate = z.infer<typeof pendingGateSchema>;

export const gateDecisionRecordSchema = z.object({
  /** One per request to decide: two people who say the same at the same moment made two decisions, of which one won. */
  decision_id: z.string().optional(),
  node_id: nodeIdSchema,
  gate_opening_id: z.string(),
  decision: gateOutcomeSchema,
  reason: z.string().optional(),
  decided_at_ms: epochMsSchema,
  /** At a gate that needed several people: whoever cast the last vote. */
  decided_by: governanceActorSchema,
  /** Present when a stand-in decided, or cast the last vote. */
  on_behalf_of: onBehalfOfSchema.optional(),
  votes: z.array(gateVoteSchema).readonly().optional(),
  /** What exactly was approved. */
  releases: z.array(gateReleaseSchema).readonly().optional(),
  /** Of a gate that a policy opened: until when an approval may be used. */
  approval_expires_at_ms: epochMsSchema.optional(),
  /** On which terms it asked: an approval holds for no stricter ones. */
  policy: gatePolicySchema.optional(),
  /** The caller's idempotency key: the same command repeated gets its first answer. */
  command_id: z.string().optional(),
});
export type GateDecisionRecord = z.infer<typeof gateDecisionRecordSchema>;
