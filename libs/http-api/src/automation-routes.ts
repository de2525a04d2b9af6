import { approvalIdSchema, automationDefinitionSchema, automationIdSchema, runNow as runNowMethod } from '@cs/contracts';
import { creationErrors, launchErrors, mutationErrors } from './governance-errors.js';
import type { Json } from '@cs/kernel';
import { z } from 'zod';
import { pageQuery, wordText } from './query.schema.js';
import { automationAnswer, automationListAnswer, runCommandAnswer, runListAnswer } from './resources.schema.js';
import { defineRoute } from './route.js';

const tag = 'automations';
const automationParams = z.object({ automation_id: automationIdSchema });
/** The runner checks definitions, so that every way to store one has the same answer. */
const definitionObject = z.record(z.string(), z.custom<Json>(), 'expected one object');
const definitionMedia = ['application/json', 'application/yaml'] as const;

export const createAutomation = defineRoute({
  operationId: 'createAutomation', method: 'POST', path: '/automations/v2', tag, access: 'tenant', kind: 'command',
  summary: 'Store an automation',
  description: 'Storing the same definition again changes nothing and answers the stored one. What an agent creates starts no run until a person allows it.',
  query: z.strictObject({ approval_id: approvalIdSchema.optional().describe('Of a quota override, for an agent') }),
  body: { schema: definitionObject, documented: automationDefinitionSchema, mediaTypes: definitionMedia, required: true },
  answer: { description: 'The automation as stored', mediaType: 'application/json', schema: automationAnswer },
  errors: ['AUTOMATION_V2_INVALID', 'AUTOMATION_V2_ALREADY_EXISTS', ...creationErrors],
});

export const listAutomations = defineRoute({
  operationId: 'listAutomations', method: 'GET', path: '/automations/v2', tag, access: 'tenant', kind: 'read',
  summary: 'List automations, newest first',
  query: z.strictObject(pageQuery),
  answer: { description: 'A page of automations', mediaType: 'application/json', schema: automationListAnswer },
  errors: [],
});

export const getAutomation = defineRoute({
  operationId: 'getAutomation', method: 'GET', path: '/automations/v2/{automation_id}', tag, access: 'tenant', kind: 'read',
  summary: 'Read one automation',
  params: automationParams,
  answer: { description: 'The automation', mediaType: 'application/json', schema: automationAnswer },
  errors: ['AUTOMATION_V2_NOT_FOUND'],
});

export const patchAutomation = defineRoute({
  operationId: 'patchAutomation', method: 'PATCH', path: '/automations/v2/{automation_id}', tag, access: 'tenant', kind: 'command',
  summary: 'Replace the members that are given',
  description: 'A member that is null is removed. Runs that exist keep the definition they started with.',
  params: automationParams,
  body: { schema: definitionObject, documented: automationDefinitionSchema.partial(), mediaTypes: definitionMedia, required: true },
  answer: { description: 'The automation as it is now', mediaType: 'application/json', schema: automationAnswer },
  errors: ['AUTOMATION_V2_INVALID', 'AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', ...mutationErrors],
});

export const runNow = defineRoute({
  operationId: 'runNow', method: 'POST', path: '/automations/v2/{automation_id}/run_now', tag, access: 'tenant', kind: 'command',
  summary: 'Start a run',
  description: 'Repeated with the same `Idempotency-Key`, it starts nothing and answers the first run. Agents need an approval of exactly this run (`approval_id`).',
  idempotent: true,
  params: automationParams,
  body: { schema: runNowMethod.payload.omit({ automation_id: true, command_id: true }).strict(), mediaTypes: ['application/json'], required: false },
  answer: { description: 'The run, queued', mediaType: 'application/json', schema: runCommandAnswer },
  errors: ['AUTOMATION_V2_INPUT_INVALID', 'AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_NOT_RUNNABLE', 'AUTOMATION_V2_ACCESS_DENIED', ...launchErrors],
});

export const listAutomationRuns = defineRoute({
  operationId: 'listAutomationRuns', method: 'GET', path: '/automations/v2/{automation_id}/runs', tag, access: 'tenant', kind: 'read',
  summary: 'List the runs of one automation, newest first',
  params: automationParams,
  query: z.strictObject({ status: wordText(32).optional(), ...pageQuery }),
  answer: { description: 'A page of runs', mediaType: 'application/json', schema: runListAnswer },
  errors: ['AUTOMATION_V2_NOT_FOUND'],
});
