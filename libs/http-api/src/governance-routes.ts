import {
  addGrant as addGrantMethod, agentIdSchema, approvalBindingSchema, approvalIdSchema, approvalSubjectSchema, approvalTypeSchema, automationIdSchema, changeGovernanceLimits as changeLimitsMethod, changeGovernedAgent as changeAgentMethod,
  completeGovernanceReview as reviewMethod, extendAutomation as extendMethod, governanceActorSchema, governanceLimitsSchema, grantSchema, provenanceSchema, requestGovernanceApproval as requestMethod, revokeGrant as revokeMethod,
  spendTotalsSchema, type AutomationGovernanceRecord, type GovernanceApprovalRecord, type GovernanceReviewRecord, type GovernedAgentRecord,
} from '@cs/contracts';
import { z } from 'zod';
import { pageQuery, wordText } from './query.schema.js';
import { defineRoute } from './route.js';

const tag = 'governance';
const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const json = ['application/json'] as const;
const answers = <Schema extends z.ZodType>(description: string, schema: Schema) => ({ description, mediaType: 'application/json', schema });
const listOf = <Name extends string, Schema extends z.ZodType>(name: Name, item: Schema) => z.object({ [name]: z.array(item), count: z.int().nonnegative(), next_cursor: z.string().optional() });

const governanceResource = z.object({
  automation_id: z.string(), status: z.string(), definition_hash: z.string(), provenance: provenanceSchema.exactOptional().describe('Of what an agent made'),
  declared_capabilities: z.array(z.string()).readonly(), approved_definitions: z.array(z.string()).readonly(), grants: z.array(grantSchema).readonly(), expires_at_ms: milliseconds.exactOptional(),
  launches_since_review: z.int().nonnegative(), hold: z.object({ kind: z.string(), reason: z.string() }).exactOptional().describe('Why no run starts; absent when nothing holds it'),
}) satisfies z.ZodType<AutomationGovernanceRecord, unknown>;
const governanceAnswer = z.object({ ok: z.literal(true), automationID: z.string(), governance: governanceResource });

const approvalResource = z.object({
  approval_id: z.string(), approval_type: approvalTypeSchema, status: z.enum(['pending', 'approved', 'denied', 'consumed', 'expired']), subject: approvalSubjectSchema, binding: approvalBindingSchema, reason: z.string(),
  requested_by: governanceActorSchema, requested_at_ms: milliseconds, expires_at_ms: milliseconds, decided_by: governanceActorSchema.exactOptional(), decided_at_ms: milliseconds.exactOptional(),
  note: z.string().exactOptional(), consumed_by: z.string().exactOptional(),
}) satisfies z.ZodType<GovernanceApprovalRecord, unknown>;
const approvalAnswer = z.object({ ok: z.literal(true), approval: approvalResource });

const reviewResource = z.object({ subject: approvalSubjectSchema, reason: z.string(), since_ms: milliseconds }) satisfies z.ZodType<GovernanceReviewRecord, unknown>;
const agentResource = z.object({
  agent_id: z.string(), creation_paused: z.boolean(), authority_revoked: z.boolean(), weekly_spend_cap_usd: z.number().exactOptional(), spend_paused: z.boolean(), spend: spendTotalsSchema.exactOptional(), updated_at_ms: milliseconds,
}) satisfies z.ZodType<GovernedAgentRecord, unknown>;

const automationParams = z.object({ automation_id: automationIdSchema });
const reasonBody = { schema: z.strictObject({ reason: z.string().max(4000).optional() }), mediaTypes: json, required: false } as const;
const ofAutomation = { tag, access: 'tenant', kind: 'command', params: automationParams } as const;
const automationErrors = ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'GOVERNANCE_REQUIRES_HUMAN'] as const;

export const getGovernance = defineRoute({
  operationId: 'getGovernance', method: 'GET', path: '/automations/v2/{automation_id}/governance', tag, access: 'tenant', kind: 'log-read', summary: 'Read what governs an automation', params: automationParams,
  answer: answers('What governs it, and why no run starts', z.object({ automationID: z.string(), governance: governanceResource })), errors: ['AUTOMATION_V2_NOT_FOUND'],
});

export const retireAutomation = defineRoute({
  ...ofAutomation, operationId: 'retireAutomation', method: 'POST', path: '/automations/v2/{automation_id}/retire', summary: 'Let no run of an automation start any more',
  description: 'Queued runs are held, those that execute are paused. Not for agents; audited.', body: reasonBody, answer: answers('What governs it now', governanceAnswer), errors: automationErrors,
});

export const restoreAutomation = defineRoute({
  ...ofAutomation, operationId: 'restoreAutomation', method: 'POST', path: '/automations/v2/{automation_id}/restore', summary: 'Let runs of a retired automation start again',
  description: 'Held runs go on; runs that were paused stay so.', body: reasonBody, answer: answers('What governs it now', governanceAnswer), errors: automationErrors,
});

export const extendAutomation = defineRoute({
  ...ofAutomation, operationId: 'extendAutomation', method: 'POST', path: '/automations/v2/{automation_id}/extend', summary: 'Let what an agent made start runs until a later time',
  body: { schema: extendMethod.payload.omit({ automation_id: true }).strict(), mediaTypes: json, required: true }, answer: answers('What governs it now', governanceAnswer),
  errors: [...automationErrors, 'AUTOMATION_V2_NOT_GOVERNED', 'AUTOMATION_V2_EXTENSION_INVALID'],
});

export const addGrant = defineRoute({
  ...ofAutomation, operationId: 'addGrant', method: 'POST', path: '/automations/v2/{automation_id}/grants', idempotent: true, summary: 'Let an agent change the automation, or the automation use something',
  body: { schema: addGrantMethod.payload.omit({ automation_id: true, command_id: true }).strict(), mediaTypes: json, required: true }, answer: answers('What governs it now', governanceAnswer),
  errors: [...automationErrors, 'GOVERNANCE_REQUEST_INVALID'],
});

export const revokeGrant = defineRoute({
  ...ofAutomation, operationId: 'revokeGrant', method: 'DELETE', path: '/automations/v2/{automation_id}/grants/{grant_id}', summary: 'Take a grant back',
  description: 'Where the definition declares to use what it granted, queued runs are held and those that execute are paused, until it is granted again.',
  params: revokeMethod.payload.omit({ reason: true }), answer: answers('What governs it now', governanceAnswer), errors: [...automationErrors, 'AUTOMATION_V2_GRANT_NOT_FOUND'],
});

export const listGovernanceApprovals = defineRoute({
  operationId: 'listGovernanceApprovals', method: 'GET', path: '/governance/approvals', tag, access: 'tenant', kind: 'read', summary: 'List what people are asked to allow once, newest first',
  query: z.strictObject({ status: wordText(32).optional(), approval_type: wordText(32).optional(), automation_id: automationIdSchema.optional(), agent_id: agentIdSchema.optional(), ...pageQuery }),
  answer: answers('A page of governance approvals', listOf('approvals', approvalResource)), errors: [],
});

export const requestGovernanceApproval = defineRoute({
  operationId: 'requestGovernanceApproval', method: 'POST', path: '/governance/approvals', tag, access: 'tenant', kind: 'command', idempotent: true, summary: 'Ask a person to allow something once',
  description: '`activation` of the definition that an automation has, `launch` of one run with exactly this input, `quota_override` for one creation, `spend_override` for this week.',
  body: { schema: requestMethod.payload.omit({ command_id: true }).strict(), mediaTypes: json, required: true }, answer: answers('The request', approvalAnswer),
  errors: ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_NOT_GOVERNED', 'GOVERNANCE_REQUEST_INVALID'],
});

const approvalParams = z.object({ approval_id: approvalIdSchema });
const decision = {
  tag, access: 'tenant', kind: 'command', params: approvalParams, body: { schema: z.strictObject({ note: z.string().max(4000).optional() }), mediaTypes: json, required: false },
  errors: ['GOVERNANCE_APPROVAL_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'GOVERNANCE_REQUIRES_HUMAN', 'GOVERNANCE_SELF_APPROVAL_FORBIDDEN', 'GOVERNANCE_APPROVAL_NOT_PENDING', 'GOVERNANCE_APPROVAL_EXPIRED'],
} as const;

export const approveGovernance = defineRoute({ ...decision, operationId: 'approveGovernance', method: 'POST', path: '/governance/approvals/{approval_id}/approve', summary: 'Allow it, once', answer: answers('The approval', approvalAnswer) });
export const denyGovernance = defineRoute({ ...decision, operationId: 'denyGovernance', method: 'POST', path: '/governance/approvals/{approval_id}/deny', summary: 'Do not allow it', answer: answers('The approval', approvalAnswer) });

export const listGovernanceReviews = defineRoute({
  operationId: 'listGovernanceReviews', method: 'GET', path: '/governance/reviews', tag, access: 'tenant', kind: 'read', summary: 'List reviews that are due, newest first', query: z.strictObject(pageQuery),
  answer: answers('A page of reviews', listOf('reviews', reviewResource)), errors: [],
});

export const completeGovernanceReview = defineRoute({
  operationId: 'completeGovernanceReview', method: 'POST', path: '/governance/reviews', tag, access: 'tenant', kind: 'command', summary: 'Say that an automation or an agent was reviewed',
  description: 'Its runs, or its creations, count anew. Not for agents; audited.', body: { schema: reviewMethod.payload.strict(), mediaTypes: json, required: true },
  answer: answers('What was reviewed', z.object({ ok: z.literal(true), subject: approvalSubjectSchema })), errors: [...automationErrors, 'AUTOMATION_V2_REVIEW_NOT_DUE', 'GOVERNANCE_REQUEST_INVALID'],
});

export const listGovernedAgents = defineRoute({
  operationId: 'listGovernedAgents', method: 'GET', path: '/governance/spend', tag, access: 'tenant', kind: 'read', summary: 'List agents with what their automations have used', query: z.strictObject(pageQuery),
  answer: answers('A page of agents, the last changed first', listOf('agents', agentResource)), errors: [],
});

export const getGovernanceLimits = defineRoute({
  operationId: 'getGovernanceLimits', method: 'GET', path: '/governance/limits', tag, access: 'tenant', kind: 'log-read', summary: 'Read what agents may do in the workspace',
  answer: answers('The limits', z.object({ limits: governanceLimitsSchema })), errors: [],
});

export const changeGovernanceLimits = defineRoute({
  operationId: 'changeGovernanceLimits', method: 'PATCH', path: '/governance/limits', tag, access: 'tenant', kind: 'command', summary: 'Change what agents may do in the workspace',
  description: 'Changes the members that are given. For administrators, not for agents; audited.', body: { schema: changeLimitsMethod.payload.strict(), mediaTypes: json, required: true },
  answer: answers('The limits', z.object({ ok: z.literal(true), limits: governanceLimitsSchema })), errors: ['AUTOMATION_V2_ACCESS_DENIED', 'GOVERNANCE_REQUIRES_HUMAN'],
});

export const changeGovernedAgent = defineRoute({
  operationId: 'changeGovernedAgent', method: 'PATCH', path: '/governance/agents', tag, access: 'tenant', kind: 'command', summary: 'Say what one agent may do',
  description: 'Revoking its authority holds every run of its automations and pauses those that execute. For administrators, not for agents; audited.',
  body: { schema: changeAgentMethod.payload.strict(), mediaTypes: json, required: true }, answer: answers('The agent', z.object({ ok: z.literal(true), agent: agentResource })),
  errors: ['AUTOMATION_V2_ACCESS_DENIED', 'GOVERNANCE_REQUIRES_HUMAN'],
});
