import { z } from 'zod';
import { bindingDifferenceSchema } from './gate.schema.js';
import { automationIdSchema, digestSchema, durationMsSchema, nodeIdSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

/** `policy_version` of an effect that no policy judged: only the budget of its automation did. */
export const unjudgedVersion = 'none';

/** What a policy says of an effect. */
export const policyOutcomeSchema = z.enum(['allow', 'deny', 'approval_required']);
export type PolicyOutcome = z.infer<typeof policyOutcomeSchema>;

/**
 * What policies see of an effect, and what is recorded of it so that it can be judged again. Values of
 * secrets are not in it, and text that looks like one is left out.
 */
export const judgedEffectSchema = z.object({
  automation_id: automationIdSchema,
  node_id: nodeIdSchema,
  /** Phase of the node, e.g. `review`; absent where its definition names none. */
  phase: z.string().optional(),
  action_kind: z.string(),
  /** Tool that is called; absent for a step that calls none. */
  tool: z.string().optional(),
  /** As the definition has it; policies see a tier that exists only. */
  risk_tier: z.string().optional(),
  data_classes: z.array(z.string()).readonly(),
  requested_by: governanceActorSchema,
  trigger_type: z.string(),
  /** Of an `http` step, as far as they are known before its secrets are. */
  method: z.string().optional(),
  host: z.string().optional(),
  /** Numbers and texts of the resolved arguments by their path, e.g. `body.amount`; the first of them, of bounded length. */
  numbers: z.record(z.string(), z.number()),
  texts: z.record(z.string(), z.string()),
  /** There is more of them, or longer ones, than is shown. */
  is_partial: z.boolean(),
  /** Something of what would go out looks like a credential. It is not recorded where it was found, nor what it was. */
  has_secret_content: z.boolean(),
});
export type JudgedEffect = z.infer<typeof judgedEffectSchema>;

/** What a version of a policy says of an effect, and why. */
export const policyJudgementSchema = z.object({
  outcome: policyOutcomeSchema,
  reason_code: z.string(),
  /** The same for people. */
  reason: z.string(),
  /** The approval has to come from an elevated reviewer, and holds for an hour instead of three days. */
  elevated: z.boolean(),
  /** Version of the workspace's policy, or `builtin:…` where it has none. */
  policy_version: z.string(),
  /** Policies that led to the outcome, the decisive one first; empty when none matched. */
  policy_ids: z.array(z.string()).readonly(),
  /** Role that may approve; absent means anyone with authority. */
  approver_role: z.string().optional(),
});
export type PolicyJudgement = z.infer<typeof policyJudgementSchema>;

/** Decision on an effect as recorded, before the node starts. */
export const policyDecisionSchema = z.object({
  decision_id: z.string(),
  node_id: nodeIdSchema,
  /** Attempt that was about to begin, from 1. */
  attempt: z.int().positive(),
  /** Same node, same reset count: the same effect, whatever the attempt. */
  effect_id: z.string(),
  /** What holds: a judgement that asks for an approval is an `allow` under one that was given. */
  decision: policyOutcomeSchema,
  reason_code: z.string(),
  reason: z.string(),
  judgement: policyJudgementSchema,
  arguments_digest: digestSchema,
  judged: judgedEffectSchema,
});
export type PolicyDecision = z.infer<typeof policyDecisionSchema>;

/** Why a node does not start before somebody approves. */
export const policyHoldSchema = z.object({
  decision_id: z.string(),
  reason_code: z.string(),
  reason: z.string(),
  elevated: z.boolean(),
  policy_version: z.string(),
  approver_role: z.string().optional(),
  /** How long an approval can be given and used, in ms from when it is asked for. */
  valid_for_ms: durationMsSchema,
  /** What has changed since an approval that was not used. */
  difference: bindingDifferenceSchema.optional(),
});
export type PolicyHold = z.infer<typeof policyHoldSchema>;
