import {
  automationIdSchema, dryRunEffectPolicy as dryRunMethod, effectPolicyVersionSchema, policyDecisionSchema, policyJudgementSchema, policyOutcomeSchema, publishEffectPolicy as publishMethod, runIdSchema,
  type ActiveEffectPolicy, type PolicyDecisionRecord, type PolicyDryRun,
} from '@cs/contracts';
import { z } from 'zod';
import { pageQuery, sequenceText, wordText } from './query.schema.js';
import { defineRoute } from './route.js';

const tag = 'governance';
const json = 'application/json';
const count = z.int().nonnegative();
const milliseconds = count.describe('Milliseconds since the Unix epoch');

const activePolicy = z.object({
  source: z.enum(['builtin', 'published']).describe('builtin: the workspace has published none'),
  number: count.describe('0 for the shipped one'), policy_version: z.string().describe('Its name in decisions'),
  policies: z.string(), denied_risk_tiers: z.array(z.string()).readonly(), denied_data_classes: z.array(z.string()).readonly(),
}) satisfies z.ZodType<ActiveEffectPolicy>;

const decisionResource = policyDecisionSchema.extend({
  run_id: z.string(), automation_id: z.string(), approval_id: z.string().nullable().describe('Opening whose approval the effect went out under'), created_at_ms: milliseconds,
}) satisfies z.ZodType<PolicyDecisionRecord, unknown>;

const changeResource = z.object({
  decision_id: z.string(), run_id: z.string(), automation_id: z.string(), node_id: z.string(), created_at_ms: milliseconds, before: policyJudgementSchema, after: policyJudgementSchema,
});

const dryRunAnswer = z.object({
  examined: count.describe('Effects that were judged again'), unchanged: count,
  changes: z.array(z.object({ from: z.string(), to: z.string(), reason_code_from: z.string(), reason_code_to: z.string(), count })).readonly().describe('Most frequent first'),
  items: z.array(changeResource).readonly().describe('The newest changes'), since_ms: milliseconds, until_ms: milliseconds,
  next_cursor: z.string().exactOptional().describe('There are more decisions in the period than one request examines: send it as `cursor`'),
}) satisfies z.ZodType<PolicyDryRun, unknown>;

export const getEffectPolicy = defineRoute({
  operationId: 'getEffectPolicy', method: 'GET', path: '/governance/effect-policy', tag, access: 'tenant', kind: 'log-read',
  summary: 'Read the policy that effects are judged by now',
  description: 'The shipped policies where the workspace has published none.',
  answer: { description: 'The policy', mediaType: json, schema: z.object({ policy: activePolicy }) },
  errors: [],
});

export const publishEffectPolicy = defineRoute({
  operationId: 'publishEffectPolicy', method: 'POST', path: '/governance/effect-policy', tag, access: 'tenant', kind: 'command',
  summary: 'Publish a new version of the policy of the workspace',
  description: 'Checked first: of a policy with a fault nothing is stored, and `problems` says where each is. It judges whatever starts from then on. The content that is active already stays as it is. Only for people who administer the workspace; audited.',
  idempotent: true,
  body: { schema: publishMethod.payload.omit({ command_id: true }).strict(), mediaTypes: [json], required: true },
  answer: { description: 'The version that is active', mediaType: json, schema: z.object({ ok: z.literal(true), policy: effectPolicyVersionSchema }) },
  errors: ['EFFECT_POLICY_INVALID', 'EFFECT_POLICY_REQUIRES_HUMAN_ADMIN', 'EFFECT_POLICY_CHANGED'],
});

export const listEffectPolicies = defineRoute({
  operationId: 'listEffectPolicies', method: 'GET', path: '/governance/effect-policy/versions', tag, access: 'tenant', kind: 'read',
  summary: 'List the versions of the policy of the workspace, newest first',
  query: z.strictObject(pageQuery),
  answer: { description: 'A page of versions', mediaType: json, schema: z.object({ versions: z.array(effectPolicyVersionSchema), count, next_cursor: z.string().exactOptional() }) },
  errors: [],
});

export const getEffectPolicyVersion = defineRoute({
  operationId: 'getEffectPolicyVersion', method: 'GET', path: '/governance/effect-policy/versions/{number}', tag, access: 'tenant', kind: 'read',
  summary: 'Read one version of the policy of the workspace',
  params: z.object({ number: z.string().regex(/^[1-9]\d{0,8}$/, 'expected the number of a version').transform(Number).meta({ type: 'integer' }) }),
  answer: { description: 'The version', mediaType: json, schema: z.object({ policy: effectPolicyVersionSchema }) },
  errors: ['EFFECT_POLICY_NOT_FOUND'],
});

export const dryRunEffectPolicy = defineRoute({
  operationId: 'dryRunEffectPolicy', method: 'POST', path: '/governance/effect-policy/dry-run', tag, access: 'tenant', kind: 'read',
  summary: 'Say what a policy would have changed about decisions of the past',
  description: 'Judges the newest decision of each effect of the period again, by a policy that is not stored. One request examines up to 5,000 decisions.',
  body: { schema: dryRunMethod.payload.omit({ min_position: true }).strict(), mediaTypes: [json], required: true },
  answer: { description: 'What would have been decided otherwise', mediaType: json, schema: dryRunAnswer },
  errors: ['EFFECT_POLICY_INVALID'],
});

export const listPolicyDecisions = defineRoute({
  operationId: 'listPolicyDecisions', method: 'GET', path: '/governance/policy-decisions', tag, access: 'tenant', kind: 'read',
  summary: 'List decisions on effects, newest first',
  query: z.strictObject({
    run_id: runIdSchema.optional(), automation_id: automationIdSchema.optional(), decision: policyOutcomeSchema.optional(), reason_code: wordText(64).optional(),
    since_ms: sequenceText.optional().describe('From then on, in milliseconds since the Unix epoch'), until_ms: sequenceText.optional().describe('Before then'), ...pageQuery,
  }),
  answer: { description: 'A page of decisions', mediaType: json, schema: z.object({ decisions: z.array(decisionResource), count, next_cursor: z.string().exactOptional() }) },
  errors: [],
});
