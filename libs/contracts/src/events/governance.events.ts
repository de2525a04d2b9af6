import { z } from 'zod';
import { agentIdSchema, approvalBindingSchema, approvalIdSchema, approvalSubjectSchema, approvalTypeSchema, recordedLimitsSchema, spendTotalsSchema } from '../governance.schema.js';
import { automationIdSchema, epochMsSchema, runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const tenant = { tenant_context: tenantContextSchema };
const agent = { ...tenant, agent_id: agentIdSchema };
const usd = z.number().nonnegative();

/** What agents may do in a workspace; one aggregate for each deployment of it. */
export const governanceLimitsEvents = defineEvents({
  governance_limits_changed: { version: 1, data: z.object({ ...tenant, limits: recordedLimitsSchema, reason: z.string(), changed_by: governanceActorSchema }), audit: 'automation.governance.limits_changed', summary: 'What agents may do in the workspace was changed.' },
});
export type GovernanceLimitsEvent = EventOf<typeof governanceLimitsEvents>;

/** An agent of a workspace: what it created and what its automations cost. */
export const governedAgentEvents = defineEvents({
  agent_automation_registered: {
    version: 1, data: z.object({ ...agent, automation_id: automationIdSchema, day: z.string(), depth: z.int().nonnegative(), override_approval_id: approvalIdSchema.optional() }),
    audit: 'automation.governance.agent_creation_admitted', summary: 'An agent may create this automation: it is within its limits, or a person allowed it once.',
  },
  agent_automation_released: { version: 1, data: z.object({ ...agent, automation_id: automationIdSchema, reason: z.string() }), summary: 'An automation of the agent is gone or retired, and takes no place any more.' },
  agent_review_required: { version: 1, data: z.object({ ...agent, creations: z.int().nonnegative() }), audit: 'automation.governance.agent_review_required', summary: 'The agent creates nothing until a person has reviewed it.' },
  agent_reviewed: { version: 1, data: z.object({ ...agent, note: z.string(), reviewed_by: governanceActorSchema }), audit: 'automation.governance.agent_reviewed', summary: 'A person reviewed the agent; its creations count anew.' },
  agent_permissions_changed: {
    version: 1,
    data: z.object({
      ...agent, creation_paused: z.boolean(), authority_revoked: z.boolean(),
      /** Null: what the workspace says. */
      weekly_spend_cap_usd: usd.nullable(),
      reason: z.string(), changed_by: governanceActorSchema,
    }),
    audit: 'automation.governance.agent_permissions_changed', summary: 'What the agent may do was changed by a person.',
  },
  agent_spend_recorded: {
    version: 1,
    data: z.object({
      ...agent, usage_event_id: z.string(),
      /** Position of the usage in the log. */
      usage_position: z.int().nonnegative(),
      run_id: runIdSchema, automation_id: automationIdSchema, cost_usd: usd, tokens: z.int().nonnegative(), totals: spendTotalsSchema,
      /** What the run has cost in all. Absent in what earlier releases recorded. */
      run_usd: usd.optional(),
    }),
    activity: false, summary: 'A run of the agent\'s automations has used something.',
  },
  agent_cost_spike_found: {
    version: 1, data: z.object({ ...agent, automation_id: automationIdSchema, run_id: runIdSchema, cost_usd: usd, average_usd: usd, runs: z.int().positive(), limit: z.number().positive() }),
    audit: 'automation.governance.cost_spike_found', summary: 'A run has cost many times what the runs of its automation before it cost on average.',
  },
  agent_spend_warned: { version: 1, data: z.object({ ...agent, week: z.string(), week_usd: usd, cap_usd: usd }), audit: 'automation.governance.agent_spend_warned', summary: 'The agent\'s automations have used most of what they may in this week.' },
  agent_spend_paused: { version: 1, data: z.object({ ...agent, week: z.string(), week_usd: usd, cap_usd: usd }), audit: 'automation.governance.agent_spend_paused', summary: 'The agent\'s automations have used what they may in this week: no run of them starts, and those that execute are paused.' },
  agent_spend_resumed: {
    version: 1, data: z.object({ ...agent, week: z.string(), allowed_usd: usd, approval_id: approvalIdSchema, approved_by: governanceActorSchema }),
    audit: 'automation.governance.agent_spend_resumed', summary: 'A person let the agent\'s automations use more in this week; held runs go on.',
  },
});
export type GovernedAgentEvent = EventOf<typeof governedAgentEvents>;

const approval = { ...tenant, approval_id: approvalIdSchema };
/** Tells decisions apart that say the same at the same millisecond; absent in older events. */
const decisionIdSchema = z.string().optional();
/** What a person is asked to allow once. */
export const governanceApprovalEvents = defineEvents({
  governance_approval_requested: {
    version: 1,
    data: z.object({ ...approval, approval_type: approvalTypeSchema, subject: approvalSubjectSchema, binding: approvalBindingSchema, reason: z.string(), requested_by: governanceActorSchema, expires_at_ms: epochMsSchema }),
    audit: 'automation.governance.approval_requested', summary: 'Somebody asks a person to allow something once.',
  },
  governance_approval_approved: { version: 1, data: z.object({ ...approval, note: z.string(), decided_by: governanceActorSchema, decision_id: decisionIdSchema }), audit: 'automation.governance.approval_approved', summary: 'A person allowed it, once, until it expires.' },
  governance_approval_denied: { version: 1, data: z.object({ ...approval, note: z.string(), decided_by: governanceActorSchema, decision_id: decisionIdSchema }), audit: 'automation.governance.approval_denied', summary: 'A person did not allow it.' },
  governance_approval_consumed: { version: 1, data: z.object({ ...approval, consumed_by: z.string() }), audit: 'automation.governance.approval_consumed', summary: 'What was allowed was done: the approval is used up.' },
});
export type GovernanceApprovalEvent = EventOf<typeof governanceApprovalEvents>;

/** Refusals stand beside what they are about: a flood of them meets nobody. */
export const governanceRefusalEvents = defineEvents({
  governance_action_denied: {
    version: 1, data: z.object({ ...tenant, action: z.string(), resource_kind: z.enum(['automation', 'run', 'agent', 'approval', 'workspace', 'dead_letter']), resource_id: z.string(), code: z.string(), detail: z.string(), actor: governanceActorSchema }),
    audit: 'automation.governance.denied', summary: 'Somebody wanted to do something with an automation and was refused.',
  },
});
export type GovernanceRefusalEvent = EventOf<typeof governanceRefusalEvents>;
