import { z } from 'zod';
import { nodeDispositionSchema, nodeOutputSchema, operatorCommandSchema } from '../run.schema.js';
import { automationIdSchema, digestSchema, jsonSchema, nodeIdSchema } from '../scalars.schema.js';

const nodeIds = z.array(nodeIdSchema).readonly();
const freeForm = z.record(z.string(), jsonSchema);

/** Why, and which command of the caller it was. */
const operated = { reason: z.string(), command: operatorCommandSchema.optional() };

/** What a reset took back, sorted. */
const reset = {
  reset_nodes: nodeIds,
  /** Those of them that had an output. */
  cleared_outputs: nodeIds,
  /** Those of them whose last effect may have happened: they will send a new one. */
  unknown_effects: nodeIds,
};

/** The definition that a run goes on with; it replaces the one that was pinned before. */
export const pinnedDefinitionSchema = z.object({
  workflow_definition_version: z.string(),
  workflow_definition_snapshot_hash: digestSchema,
  node_ids: nodeIds,
});
export type PinnedDefinition = z.infer<typeof pinnedDefinitionSchema>;

const taskReset = z.object({ node_id: nodeIdSchema, ...reset, ...operated, definition: pinnedDefinitionSchema });

/** Before and after of what a repair changes; a member is there when it was to be changed. */
export const repairedStepSchema = z.object({
  prompt_updated: z.boolean(),
  template_updated: z.boolean(),
  model_policy_updated: z.boolean(),
  /** Nothing was edited: the step is only repeated. */
  reset_only: z.boolean(),
  previous_prompt: z.string().nullable().optional(),
  new_prompt: z.string().optional(),
  previous_template_id: z.string().nullable().optional(),
  new_template_id: z.string().optional(),
  previous_model_policy: freeForm.nullable().optional(),
  new_model_policy: freeForm.optional(),
});
export type RepairedStep = z.infer<typeof repairedStepSchema>;

/** The automation whose definition a repair edits, and the definition that the edit was made from. */
export const repairedAutomationSchema = z.object({ automation_id: automationIdSchema, replaces: digestSchema });

/** What operators do to runs (domain 4). Each is a record of the audit, with its actor. */
export const operatorRunEvents = {
  run_pause_requested: { version: 1, data: z.object(operated), audit: 'automation.governance.run_pause_requested', summary: 'Someone, or the pause of the automation, asked the run to pause.' },
  run_paused: { version: 1, data: z.object({ reason: z.string(), stop_kind: z.string().optional() }), summary: 'The run does nothing until it is resumed.' },
  run_resumed: { version: 1, data: z.object(operated), audit: 'automation.governance.run_resumed', summary: 'A paused run goes on.' },
  run_stopped: { version: 1, data: z.object({ ...operated, stop_kind: z.literal('operator_stopped') }), audit: 'automation.governance.run_stopped', summary: 'An operator cancelled the run.' },
  run_recovered: { version: 1, data: z.object({ roots: z.array(z.string()).readonly(), ...reset, ...operated }), audit: 'automation.governance.run_recovered', summary: 'What failed or was blocked, and all that depends on it, is done again.' },
  run_recovered_from_pause: {
    version: 1, data: z.object({ cleared_nodes: nodeIds, ...operated }), audit: 'automation.governance.run_recovered_from_pause',
    summary: 'A paused run goes on; after a stale pause its pending nodes begin anew (`cleared_nodes`).',
  },
  run_step_repaired: {
    version: 1, data: z.object({ node_id: nodeIdSchema, ...reset, ...repairedStepSchema.shape, ...operated, definition: pinnedDefinitionSchema, automation: repairedAutomationSchema.optional() }),
    audit: 'automation.governance.run_step_repaired', summary: 'A step was edited, with before and after, and is done again with all that depends on it.',
  },
  run_task_retried: { version: 1, data: taskReset, audit: 'automation.governance.run_task_retried', summary: 'A node and all that depends on it are done again.' },
  run_task_requeued: { version: 1, data: taskReset, audit: 'automation.governance.run_task_requeued', summary: 'A node and all that depends on it are queued again.' },
  run_task_continued: { version: 1, data: z.object({ node_id: nodeIdSchema, mode: z.literal('minimal_reset'), ...reset, ...operated }), audit: 'automation.governance.run_task_continued', summary: 'A blocked node alone is done again.' },
  node_disposition_set: {
    version: 1, data: z.object({ node_id: nodeIdSchema, disposition: nodeDispositionSchema, previous: nodeDispositionSchema.nullable(), reason: z.string().optional(), command: operatorCommandSchema.optional() }),
    audit: 'automation.governance.task_disposition_set', activity: false, summary: 'An operator judged the output of a node.',
  },
  node_effect_reconciled: {
    version: 1,
    data: z.object({
      node_id: nodeIdSchema, item: z.int().nonnegative().optional(), effect_id: z.string(), outcome: z.enum(['succeeded', 'failed', 'retry']),
      /** What the node has now; absent for `retry`, which sends the same effect again under its key. */
      output: nodeOutputSchema.optional(), ...operated,
    }),
    audit: 'automation.governance.effect_reconciled', summary: 'A person said what became of an effect whose outcome was not known.',
  },
} as const;
