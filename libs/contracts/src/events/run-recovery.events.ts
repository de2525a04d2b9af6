import { z } from 'zod';
import { declaredCompensationSchema, deadLetterStatusSchema, givenUpOutcomeSchema, recoveryOptionSchema } from '../recovery.schema.js';
import { effectIntentSchema, operatorCommandSchema } from '../run.schema.js';
import { epochMsSchema, jsonSchema, nodeIdSchema } from '../scalars.schema.js';
import { governanceActorSchema } from '../tenant.schema.js';

const nodeIds = z.array(nodeIdSchema).readonly();
const work = { node_id: nodeIdSchema, item: z.int().nonnegative().optional() };
const compensation = { compensation_id: z.string() };

/** What is given up in a run, what people do about it, and what undoes it (domain 9). Each is a record of the audit. */
export const recoveryRunEvents = {
  effect_dead_lettered: {
    version: 1,
    data: z.object({ dead_letter_id: z.string(), ...work, effect_id: z.string(), outcome: givenUpOutcomeSchema, attempts: z.int().nonnegative(), reason: z.string(), recovery_options: z.array(recoveryOptionSchema).readonly(), compensation_id: z.string().optional() }),
    audit: 'stateful_runtime.dead_letter.opened', activity: false, summary: 'An effect was given up; it waits for a person.',
  },
  recovery_choice_recorded: {
    version: 1,
    data: z.object({
      choice: z.string(), execution_mode: z.string(), automatic_dispatch: z.boolean(), reason: z.string(), dead_letter_id: z.string().optional(), compensation_id: z.string().optional(), target_effect_id: z.string().optional(),
      command: operatorCommandSchema.optional(),
    }),
    audit: 'runtime.recovery_choice.recorded', activity: false, summary: 'An operator said how the run is to be recovered.',
  },
  dead_letter_disposition_recorded: {
    version: 1, data: z.object({ dead_letter_id: z.string(), status: deadLetterStatusSchema, disposition: z.string(), reason: z.string(), by: governanceActorSchema, compensation_id: z.string().optional() }),
    audit: 'stateful_runtime.dead_letter.disposition', activity: false, summary: 'It was decided what becomes of a dead letter.',
  },
  stateful_dead_letter_retry_requeued: {
    version: 1,
    data: z.object({
      dead_letter_id: z.string(), ...work, dispatch: z.int().positive(), backoff_ms: z.int().nonnegative(), next_dispatch_at_ms: epochMsSchema, reason: z.string(),
      /** Nodes that send the effect they had again, under its key: nobody knows whether it happened. */
      kept_nodes: nodeIds, reset_nodes: nodeIds, cleared_outputs: nodeIds, unknown_effects: nodeIds,
    }),
    audit: 'stateful_runtime.dead_letter.retry_dispatched', summary: 'The run is driven once more because of a dead letter.',
  },
  compensation_proposed: {
    version: 1,
    data: z.object({ ...compensation, ...work, effect_id: z.string(), outcome: z.enum(['failed', 'unknown', 'succeeded']), dead_letter_id: z.string().optional(), ...declaredCompensationSchema.shape }),
    audit: 'stateful_runtime.compensation.proposed', activity: false, summary: 'Something that undoes an effect was proposed.',
  },
  compensation_moved: {
    version: 1,
    data: z.object({ ...compensation, from: z.string(), to: z.enum(['awaiting_approval', 'approved', 'cancelled']), reason: z.string(), by: governanceActorSchema, command: operatorCommandSchema.optional() }),
    audit: 'stateful_runtime.compensation.decided', activity: false, summary: 'A person asked for the approval of a compensation, approved it, or cancelled it.',
  },
  compensation_started: {
    version: 1,
    data: z.object({ ...compensation, attempt: z.int().positive(), effect: effectIntentSchema, claimed_by: z.string(), claim_expires_at_ms: epochMsSchema }),
    audit: 'stateful_runtime.compensation.started', activity: false, summary: 'An approved compensation is about to be sent; its intent is durable.',
  },
  compensation_completed: {
    version: 1,
    data: z.object({
      ...compensation, attempt: z.int().nonnegative(), receipt_effect_id: z.string(), output: jsonSchema, reason: z.string().optional(),
      /** Who did it, where no request does. */
      by: governanceActorSchema.optional(), command: operatorCommandSchema.optional(),
    }),
    audit: 'stateful_runtime.compensation.completed', activity: false, summary: 'An effect was undone, with its receipt.',
  },
  compensation_failed: {
    version: 1, data: z.object({ ...compensation, attempt: z.int().positive(), effect_id: z.string(), outcome: givenUpOutcomeSchema, failure: z.object({ kind: z.string(), message: z.string() }) }),
    audit: 'stateful_runtime.compensation.failed', activity: false, summary: 'A compensation failed, or nobody knows whether it happened.',
  },
} as const;
