import { automationIdSchema, automationVersionSchema, guardrailLimitsSchema, nodeIdSchema, runIdSchema, usageDeltaSchema } from '@cs/contracts';
import { z } from 'zod';
import { runCommandAnswer } from './resources.schema.js';
import { defineRoute } from './route.js';

const runParams = z.object({ run_id: runIdSchema });

export const overrideGuardrails = defineRoute({
  operationId: 'overrideGuardrails', method: 'POST', path: '/automations/v2/runs/{run_id}/guardrail_override', tag: 'runs', access: 'tenant', kind: 'command',
  summary: 'Raise limits of one run',
  description: 'The limits replace those of the definition for this run, and count in all, not from now on. A run that they had stopped goes on. Not for agents; audited.',
  idempotent: true,
  params: runParams,
  body: {
    schema: z.strictObject({ ...guardrailLimitsSchema.shape, reason: z.string().max(4000).optional() }).refine(({ reason: _reason, ...limits }) => Object.keys(limits).length > 0, 'expected at least one limit'),
    mediaTypes: ['application/json'], required: true,
  },
  answer: { description: 'The run with its new limits', mediaType: 'application/json', schema: runCommandAnswer },
  errors: ['AUTOMATION_V2_RUN_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED', 'AUTOMATION_V2_GUARDRAIL_OVERRIDE_TOO_LOW', 'AUTOMATION_V2_RUN_FINISHED'],
});

export const recordUsage = defineRoute({
  operationId: 'recordUsage', method: 'POST', path: '/automations/v2/runs/{run_id}/usage', tag: 'runs', access: 'tenant', kind: 'command',
  summary: 'Report what a run has consumed outside',
  description:
    'Adds tokens, cost and calls to the usage of the run, whatever its status. `usage_id` (or the `Idempotency-Key`) names the report: the same one again, within the last 200 of the run, adds nothing. ' +
    '`correlation_id` is the idempotency key that the provider got with the step, and tells the node.',
  idempotent: true,
  params: runParams,
  body: {
    schema: z.strictObject({
      ...usageDeltaSchema.shape, usage_id: z.string().regex(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters').optional(), node_id: nodeIdSchema.optional(),
      correlation_id: z.string().min(1).max(400).optional(), source: z.string().min(1).max(128).optional(),
    }),
    mediaTypes: ['application/json'], required: true,
  },
  answer: { description: 'The run with its usage', mediaType: 'application/json', schema: runCommandAnswer },
  errors: ['AUTOMATION_V2_RUN_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_USAGE_CORRELATION_UNKNOWN'],
});

export const listAutomationVersions = defineRoute({
  operationId: 'listAutomationVersions', method: 'GET', path: '/automations/v2/{automation_id}/versions', tag: 'automations', access: 'tenant', kind: 'log-read',
  summary: 'List the versions of an automation, newest first',
  description: 'At most the newest 100. Read from the log: what was stored is there at once.',
  params: z.object({ automation_id: automationIdSchema }),
  answer: { description: 'The versions', mediaType: 'application/json', schema: z.object({ automationID: automationIdSchema, versions: z.array(automationVersionSchema), count: z.int().nonnegative() }) },
  errors: ['AUTOMATION_V2_NOT_FOUND'],
});
