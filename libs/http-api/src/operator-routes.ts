import {
  automationIdSchema, runIdSchema, previewReset as previewResetMethod, reconcileEffect as reconcileEffectMethod, repairRun as repairRunMethod, setDisposition as setDispositionMethod,
  shareAutomation as shareAutomationMethod,
} from '@cs/contracts';
import { z } from 'zod';
import { automationCommandAnswer, automationDeletedAnswer, repairAnswer, resetPreviewAnswer, runCancelAnswer, runCommandAnswer, taskCommandAnswer, taskDispositionAnswer } from './operator.schema.js';
import { deletionErrors, mutationErrors } from './governance-errors.js';
import { defineRoute } from './route.js';

const automationParams = z.object({ automation_id: automationIdSchema });
const runParams = z.object({ run_id: runIdSchema });
const taskParams = previewResetMethod.payload;

const json = ['application/json'] as const;
const optional = <Schema extends z.ZodType>(schema: Schema) => ({ schema, mediaTypes: json, required: false });
const required = <Schema extends z.ZodType>(schema: Schema) => ({ schema, mediaTypes: json, required: true });
const reasonBody = z.strictObject({ reason: z.string().max(4000).optional().describe('Why; absent or blank: a text of the command') });

const ofAutomation = { tag: 'automations', access: 'tenant', kind: 'command', params: automationParams } as const;
const ofRun = { tag: 'runs', access: 'tenant', kind: 'command', idempotent: true, params: runParams } as const;
const ofTask = { ...ofRun, params: taskParams } as const;
const automationErrors = ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED'] as const;
const runErrors = ['AUTOMATION_V2_RUN_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED'] as const;
const taskErrors = [...runErrors, 'AUTOMATION_V2_TASK_NODE_REQUIRED'] as const;
const answers = <Schema extends z.ZodType>(description: string, schema: Schema) => ({ description, mediaType: 'application/json', schema });

export const pauseAutomation = defineRoute({
  ...ofAutomation, operationId: 'pauseAutomation', method: 'POST', path: '/automations/v2/{automation_id}/pause', summary: 'Pause an automation and every run of it that executes',
  description: 'Queued runs are held until the automation is resumed; runs that wait or are paused stay as they are.',
  body: optional(reasonBody), answer: answers('The automation, paused', automationCommandAnswer), errors: [...automationErrors, ...mutationErrors],
});

export const resumeAutomation = defineRoute({
  ...ofAutomation, operationId: 'resumeAutomation', method: 'POST', path: '/automations/v2/{automation_id}/resume', summary: 'Activate an automation',
  description: 'Held runs go on. Runs that were paused stay paused: resume each of them.',
  body: optional(z.strictObject({})), answer: answers('The automation, active', automationCommandAnswer), errors: [...automationErrors, ...mutationErrors],
});

export const deleteAutomation = defineRoute({
  ...ofAutomation, operationId: 'deleteAutomation', method: 'DELETE', path: '/automations/v2/{automation_id}', summary: 'Delete an automation',
  description: 'Runs that exist go on with the definition that they pin. The id may be used again.',
  answer: answers('It is gone', automationDeletedAnswer), errors: [...automationErrors, ...deletionErrors],
});

export const shareAutomation = defineRoute({
  ...ofAutomation, operationId: 'shareAutomation', method: 'POST', path: '/automations/v2/{automation_id}/share', summary: 'Say who sees an automation beside its owner',
  description: 'Agents may not. `group` shows it to the organisation units of `audience_principals`.',
  body: required(shareAutomationMethod.payload.omit({ automation_id: true }).strict()), answer: answers('The automation as it is now', automationCommandAnswer),
  errors: [...automationErrors, 'AUTOMATION_V2_INVALID_VISIBILITY', 'AUTOMATION_V2_TENANT_QUARANTINED'],
});

export const pauseRun = defineRoute({
  ...ofRun, operationId: 'pauseRun', method: 'POST', path: '/automations/v2/runs/{run_id}/pause', summary: 'Pause a run',
  description: 'A running, queued or waiting run. Steps under way are aborted; when it is resumed, an effect that was under way is sent again under its key, or blocks where that is not safe.',
  body: optional(reasonBody), answer: answers('The run, paused', runCommandAnswer), errors: [...runErrors, 'AUTOMATION_V2_RUN_NOT_PAUSABLE'],
});

export const resumeRun = defineRoute({
  ...ofRun, operationId: 'resumeRun', method: 'POST', path: '/automations/v2/runs/{run_id}/resume', summary: 'Resume a paused run',
  body: optional(reasonBody), answer: answers('The run, queued', runCommandAnswer), errors: [...runErrors, 'AUTOMATION_V2_RUN_NOT_PAUSED'],
});

export const cancelRun = defineRoute({
  ...ofRun, operationId: 'cancelRun', method: 'POST', path: '/automations/v2/runs/{run_id}/cancel', summary: 'Cancel a run',
  description: 'A run that has ended stays as it is and answers `alreadyTerminal`; a blocked one has not.',
  body: optional(reasonBody), answer: answers('The run, cancelled', runCancelAnswer), errors: runErrors,
});

export const recoverRun = defineRoute({
  ...ofRun, operationId: 'recoverRun', method: 'POST', path: '/automations/v2/runs/{run_id}/recover', summary: 'Do again what failed or is blocked, with all that depends on it',
  description: 'A paused run goes on without a reset.',
  body: optional(reasonBody), answer: answers('The run, queued', runCommandAnswer),
  errors: [...runErrors, 'AUTOMATION_V2_TASK_REASON_REQUIRED', 'AUTOMATION_V2_RUN_NOT_RECOVERABLE', 'AUTOMATION_V2_RUN_FAILURE_CONTEXT_MISSING', 'AUTOMATION_V2_RUN_BLOCKED_CONTEXT_MISSING'],
});

export const repairRun = defineRoute({
  ...ofRun, operationId: 'repairRun', method: 'POST', path: '/automations/v2/runs/{run_id}/repair', summary: 'Edit a step and do it again with all that depends on it',
  description: 'The edit is the automation\'s too. Without an edit, the step is only done again, with the definition of now.',
  body: required(repairRunMethod.payload.omit({ run_id: true, command_id: true }).strict()), answer: answers('The run, queued, and the definition', repairAnswer),
  errors: [
    ...runErrors, 'AUTOMATION_V2_TENANT_QUARANTINED', 'AUTOMATION_V2_TASK_REASON_REQUIRED', 'AUTOMATION_V2_REPAIR_NODE_REQUIRED', 'AUTOMATION_V2_RUN_NOT_REPAIRABLE', 'AUTOMATION_V2_REPAIR_NODE_NOT_FOUND', 'AUTOMATION_V2_REPAIR_METADATA_INVALID',
    'AUTOMATION_V2_REPAIR_AGENT_NOT_FOUND', 'AUTOMATION_V2_REPAIR_PERSIST_FAILED',
  ],
});

const resetErrors = [...taskErrors, 'AUTOMATION_V2_TASK_REASON_REQUIRED', 'AUTOMATION_V2_RUN_TASK_NOT_MUTABLE', 'AUTOMATION_V2_TASK_NODE_NOT_FOUND'] as const;

export const retryTask = defineRoute({
  ...ofTask, operationId: 'retryTask', method: 'POST', path: '/automations/v2/runs/{run_id}/tasks/{node_id}/retry', summary: 'Do a node again with all that depends on it',
  description: 'With the definition of now. Effects of the nodes are new ones, with new keys.',
  body: optional(reasonBody), answer: answers('The run, queued, and what was reset', taskCommandAnswer), errors: resetErrors,
});

export const requeueTask = defineRoute({
  ...ofTask, operationId: 'requeueTask', method: 'POST', path: '/automations/v2/runs/{run_id}/tasks/{node_id}/requeue', summary: 'Queue a node again with all that depends on it',
  body: optional(reasonBody), answer: answers('The run, queued, and what was reset', taskCommandAnswer), errors: resetErrors,
});

export const continueTask = defineRoute({
  ...ofTask, operationId: 'continueTask', method: 'POST', path: '/automations/v2/runs/{run_id}/tasks/{node_id}/continue', summary: 'Do a blocked node again, and nothing else',
  body: optional(reasonBody), answer: answers('The run, queued, and what was reset', taskCommandAnswer),
  errors: [...taskErrors, 'AUTOMATION_V2_TASK_REASON_REQUIRED', 'AUTOMATION_V2_RUN_TASK_NOT_CONTINUEABLE', 'AUTOMATION_V2_TASK_NODE_NOT_FOUND', 'AUTOMATION_V2_TASK_NOT_BLOCKED'],
});

export const previewReset = defineRoute({
  operationId: 'previewReset', method: 'GET', path: '/automations/v2/runs/{run_id}/tasks/{node_id}/reset_preview', tag: 'runs', access: 'tenant', kind: 'log-read', params: taskParams,
  summary: 'Say what retrying a node would reset', answer: answers('What would be reset', resetPreviewAnswer), errors: [...taskErrors, 'AUTOMATION_V2_TASK_NODE_NOT_FOUND'],
});

export const setDisposition = defineRoute({
  ...ofTask, operationId: 'setDisposition', method: 'PATCH', path: '/automations/v2/runs/{run_id}/tasks/{node_id}/disposition', summary: 'Judge the output of a node',
  description: '`accepted`, `needs_followup`, `rejected` or `ignored`. Changes nothing of the run.',
  body: required(setDispositionMethod.payload.omit({ run_id: true, node_id: true, command_id: true }).strict()), answer: answers('The run, and whether anything changed', taskDispositionAnswer),
  errors: [...taskErrors, 'AUTOMATION_V2_TASK_NODE_OUTPUT_NOT_FOUND', 'AUTOMATION_V2_TASK_DISPOSITION_INVALID'],
});

export const reconcileEffect = defineRoute({
  ...ofTask, operationId: 'reconcileEffect', method: 'POST', path: '/automations/v2/runs/{run_id}/tasks/{node_id}/reconcile', summary: 'Say what became of an effect whose outcome is not known',
  description: '`succeeded` with this output, `failed`, or `retry`: one more attempt under the same idempotency key.',
  body: required(reconcileEffectMethod.payload.omit({ run_id: true, node_id: true, command_id: true }).strict()), answer: answers('The run', runCommandAnswer),
  errors: [...taskErrors, 'AUTOMATION_V2_TENANT_QUARANTINED', 'AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN', 'AUTOMATION_V2_RUN_TASK_NOT_MUTABLE'],
});
