import { z } from 'zod';
import { httpActionSchema } from './action.schema.js';
import { epochMsSchema, nodeIdSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

/** What an effect does, e.g. `http.post`, and to what, as far as the definition says it without an expression. */
export const describedEffectSchema = z.object({ operation: z.string().optional(), target: z.string().optional() });

/** What became of an effect that was given up: it certainly did not happen (`failed`), or nobody knows (`unknown`). */
export const givenUpOutcomeSchema = z.enum(['failed', 'unknown']);
export type GivenUpOutcome = z.infer<typeof givenUpOutcomeSchema>;

export const recoveryOptionSchema = z.enum(['retry', 'ignore', 'compensate', 'abandon']);
export type RecoveryOption = z.infer<typeof recoveryOptionSchema>;

/** `ignored` and `resolved` are settled (domain 9.4). */
export const deadLetterStatusSchema = z.enum(['open', 'retry_requested', 'retrying', 'ignored', 'linked_to_compensation', 'resolved']);
export type DeadLetterStatus = z.infer<typeof deadLetterStatusSchema>;

/** `completed` and `cancelled` are settled (domain 9.5). */
export const compensationStatusSchema = z.enum(['proposed', 'awaiting_approval', 'approved', 'running', 'completed', 'failed', 'cancelled']);
export type CompensationStatus = z.infer<typeof compensationStatusSchema>;

/** A later success of the same work made it moot. */
const supersededSchema = z.object({ effect_id: z.string(), at_ms: epochMsSchema });

/** What was decided about a dead letter, the last time. */
export const letterDispositionSchema = z.object({ disposition: z.string(), reason: z.string(), actor: governanceActorSchema, at_ms: epochMsSchema });
export type LetterDisposition = z.infer<typeof letterDispositionSchema>;

/** Something of a run that was given up, and what people do about it. */
export const runDeadLetterSchema = z.object({
  dead_letter_id: z.string(),
  source_type: z.enum(['tool_effect', 'node']),
  node_id: nodeIdSchema,
  /** Item of a fan-out, from 0. */
  item: z.int().nonnegative().optional(),
  /** The effect that was given up last. */
  effect_id: z.string().optional(),
  outcome: givenUpOutcomeSchema.optional(),
  reason: z.string(),
  status: deadLetterStatusSchema,
  recovery_options: z.array(recoveryOptionSchema).readonly(),
  /** Attempts of the work that was given up. */
  attempts: z.int().nonnegative(),
  opened_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
  compensation_id: z.string().optional(),
  /** Times that the dispatcher drove the run for it. */
  dispatches: z.int().nonnegative(),
  last_dispatched_at_ms: epochMsSchema.optional(),
  /** Not dispatched again before. */
  next_dispatch_at_ms: epochMsSchema.optional(),
  disposition: letterDispositionSchema.optional(),
  superseded: supersededSchema.optional(),
});
export type RunDeadLetter = z.infer<typeof runDeadLetterSchema>;

/** What undoes an effect, or makes good for it, as a definition declares it. */
export const declaredCompensationSchema = z.strictObject({
  compensation_type: z.string().min(1).max(64).default('operator_review').describe('What kind of undoing it is; shown to people.'),
  approval_required: z.boolean().default(true).describe('A person approves it before it is executed. Always so where the node names a risk tier or data classes.'),
  rollback_instruction: z.string().min(1).max(4000).optional().describe('How the effect is undone; for whoever approves or does it.'),
  forward_fix_instruction: z.string().min(1).max(4000).optional().describe('What makes good for the effect where it cannot be undone.'),
  action: httpActionSchema.optional().describe('The request that does it, executed once it is approved. In scope is what the node has in scope, and compensates.effect_id and compensates.output. Without it a person does it, and says so.'),
});
export type DeclaredCompensation = z.infer<typeof declaredCompensationSchema>;

/** What undoes one effect of a run, from its proposal to its end. */
export const runCompensationSchema = z.object({
  compensation_id: z.string(),
  node_id: nodeIdSchema,
  item: z.int().nonnegative().optional(),
  /** The effect that it undoes. */
  effect_id: z.string(),
  outcome: z.enum(['failed', 'unknown', 'succeeded']),
  dead_letter_id: z.string().optional(),
  status: compensationStatusSchema,
  ...declaredCompensationSchema.shape,
  attempts: z.int().nonnegative(),
  proposed_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
  /** Who asked that it be approved. */
  requested_by: governanceActorSchema.optional(),
  approved_by: governanceActorSchema.optional(),
  reason: z.string().optional(),
  /** Who executes it, until when nobody else does. */
  claim: z.object({ claimed_by: z.string(), claimed_at_ms: epochMsSchema, claim_expires_at_ms: epochMsSchema }).optional(),
  /** The effect that undid it. */
  receipt_effect_id: z.string().optional(),
  failure: z.object({ kind: z.string(), message: z.string(), outcome: givenUpOutcomeSchema }).optional(),
  superseded: supersededSchema.optional(),
});
export type RunCompensation = z.infer<typeof runCompensationSchema>;

/** What was given up in a run and what undoes it, by id. */
export const runRecoverySchema = z.object({ dead_letters: z.record(z.string(), runDeadLetterSchema), compensations: z.record(z.string(), runCompensationSchema) });
export type RunRecovery = z.infer<typeof runRecoverySchema>;
