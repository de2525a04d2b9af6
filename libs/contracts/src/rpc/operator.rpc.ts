import { z } from 'zod';
import { principalRefSchema } from '../authority.schema.js';
import type { AutomationDefinition } from '../definition.schema.js';
import type { AutomationRecord } from '../read-models.schema.js';
import type { RunRecord } from '../run-record.js';
import { automationIdSchema, definitionTextSchema, jsonSchema, runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

const runner = (name: string): string => `cs.rpc.runner.${name}`;

const reason = z.string().max(4000).optional();
const run = { run_id: runIdSchema, reason, command_id: commandIdSchema.optional() };
/** Any text: what is blank or no node of the definition is answered with its own code. */
const node_id = z.string().max(64);
const task = { ...run, node_id };

export interface OperatedRunReply {
  readonly run: RunRecord;
  /** Cancelling a run that has ended changes nothing. */
  readonly already_terminal?: boolean;
  /** A judgement that was there already changes nothing. */
  readonly changed?: boolean;
}

export interface OperatedTaskReply {
  readonly run: RunRecord;
  readonly node_id: string;
  /** Sorted. */
  readonly reset_nodes: readonly string[];
  readonly cleared_outputs: readonly string[];
  /** Of a repair: the definition as it is now. */
  readonly automation?: AutomationDefinition;
}

export interface ResetPreview {
  readonly run_id: string;
  readonly node_id: string;
  readonly reset_nodes: readonly string[];
  readonly cleared_outputs: readonly string[];
  /** Nodes whose last effect may have happened: reset, they send a new one. */
  readonly unknown_effects: readonly string[];
}

export const pauseAutomation = rpcMethod<AutomationRecord>()(runner('automation_pause'), z.object({ automation_id: automationIdSchema, reason }));
export const resumeAutomation = rpcMethod<AutomationRecord>()(runner('automation_resume'), z.object({ automation_id: automationIdSchema }));
export const deleteAutomation = rpcMethod<AutomationRecord>()(runner('automation_delete'), z.object({ automation_id: automationIdSchema }));
export const shareAutomation = rpcMethod<AutomationRecord>()(
  runner('automation_share'),
  z.object({ automation_id: automationIdSchema, visibility: z.string().max(64), audience_principals: z.array(principalRefSchema).max(256).optional() }),
);

export const pauseRun = rpcMethod<OperatedRunReply>()(runner('run_pause'), z.object(run));
export const resumeRun = rpcMethod<OperatedRunReply>()(runner('run_resume'), z.object(run));
export const cancelRun = rpcMethod<OperatedRunReply>()(runner('run_cancel'), z.object(run));
export const recoverRun = rpcMethod<OperatedRunReply>()(runner('run_recover'), z.object(run));
export const repairRun = rpcMethod<OperatedTaskReply>()(
  runner('run_repair'),
  z.object({
    ...run,
    node_id,
    /** Becomes `metadata.builder.prompt` of the node. */
    prompt: definitionTextSchema.optional(),
    /** Of the node's agent: every node of that agent has it. */
    template_id: z.string().max(256).optional(),
    model_policy: z.record(z.string(), jsonSchema).optional(),
  }),
);

export const retryTask = rpcMethod<OperatedTaskReply>()(runner('task_retry'), z.object(task));
export const requeueTask = rpcMethod<OperatedTaskReply>()(runner('task_requeue'), z.object(task));
export const continueTask = rpcMethod<OperatedTaskReply>()(runner('task_continue'), z.object(task));
export const previewReset = rpcMethod<ResetPreview>()(runner('task_reset_preview'), z.object({ run_id: runIdSchema, node_id }));
export const setDisposition = rpcMethod<OperatedRunReply>()(runner('task_disposition'), z.object({ ...task, disposition: z.string().max(64) }));
export const reconcileEffect = rpcMethod<OperatedRunReply>()(
  runner('effect_reconcile'),
  z.object({
    ...task,
    outcome: z.enum(['succeeded', 'failed', 'retry']),
    /** What the node's output is; with `succeeded`. Default null. */
    output: jsonSchema.optional(),
    /** Item of a list, from 0. */
    item: z.int().nonnegative().optional(),
    /** Bind the answer to one effect; another one that is unknown by now is not meant. */
    effect_id: z.string().max(400).optional(),
  }),
);
