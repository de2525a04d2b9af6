import {
  evolveGovernanceApproval, evolveGovernedAgent, evolveLimits, governedAgentStatus, limitsStatus,
  type GovernanceApprovalState, type GovernanceLimitsState, type GovernedAgentState,
} from '@cs/automation-domain';
import {
  approvalBindingSchema, approvalSubjectSchema, approvalTypeSchema, governanceActorSchema, grantSchema, provenanceSchema, recordedLimitsSchema, spendTotalsSchema, tenantContextSchema,
  type GovernanceApprovalEvent, type GovernanceLimitsEvent, type GovernanceRefusalEvent, type GovernedAgentEvent,
} from '@cs/contracts';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { z } from 'zod';

const texts = z.array(z.string()).readonly();
const milliseconds = z.int().nonnegative();

/** What governs an automation, as it stands in the automation's state. */
export const automationGovernanceSchema = z.object({
  provenance: provenanceSchema.optional(), capabilities: texts, approved: texts, grants: z.array(grantSchema).readonly(), withdrawn: texts,
  retired: z.object({ reason: z.string() }).optional(), expires_at_ms: milliseconds.optional(), expired: z.boolean().optional(),
  expiry_warned_ms: milliseconds.optional(), reviewed_at_ms: milliseconds.optional(), health_checked_at_ms: milliseconds.optional(), spikes: texts.optional(),
  review: z.object({ reason: z.string() }).optional(), launches: z.int().nonnegative(), recent_launches: texts,
});

/** What agents may do in a workspace, or a deployment of it. */
export const governanceLimitsAggregate: Aggregate<GovernanceLimitsState, GovernanceLimitsEvent> = {
  name: 'governance_limits',
  initialState: undefined,
  evolve: evolveLimits,
  status: limitsStatus,
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (state) => (state ?? null) as unknown as Json,
  readState: (value) => z.object({ tenant_context: tenantContextSchema, limits: recordedLimitsSchema }).parse(value),
};

const runCostsSchema = z.object({ runs: z.int().nonnegative(), usd: z.number(), recent: z.array(z.tuple([z.string(), z.number(), z.boolean()])).readonly() });

const agentSchema = z.object({
  tenant_context: tenantContextSchema, agent_id: z.string(), automations: z.record(z.string(), milliseconds),
  creations: z.object({ day: z.string(), today: z.int(), since_review: z.int() }),
  review_due: z.boolean(), creation_paused: z.boolean(), authority_revoked: z.boolean(), weekly_spend_cap_usd: z.number().nullable(),
  spend: spendTotalsSchema.optional(), warned_week: z.string().optional(),
  spend_paused: z.object({ week: z.string(), cap_usd: z.number() }).optional(), allowance: z.object({ week: z.string(), allowed_usd: z.number() }).optional(),
  costs: z.record(z.string(), runCostsSchema).optional(),
  counted: z.array(z.tuple([z.int(), z.string()])).readonly(),
});

/** An agent, under the digest of its deployment and id. */
export const governedAgentAggregate: Aggregate<GovernedAgentState, GovernedAgentEvent> = {
  name: 'governed_agent',
  initialState: undefined,
  evolve: evolveGovernedAgent,
  status: governedAgentStatus,
  // Usage comes often, and what it adds up to is small beside what was counted: the usual interval is enough.
  isAtRest: () => false,
  stateVersion: 1,
  writeState: (state) => (state ?? null) as unknown as Json,
  readState: (value) => agentSchema.parse(value),
};

const approvalSchema = z.object({
  approval_id: z.string(), tenant_context: tenantContextSchema, approval_type: approvalTypeSchema, subject: approvalSubjectSchema, binding: approvalBindingSchema, reason: z.string(),
  requested_by: governanceActorSchema, requested_at_ms: milliseconds, expires_at_ms: milliseconds, status: z.enum(['pending', 'approved', 'denied', 'consumed']),
  decided_by: governanceActorSchema.optional(), decided_at_ms: milliseconds.optional(), note: z.string().optional(), consumed_by: z.string().optional(),
});

/** What a person is asked to allow once. */
export const governanceApprovalAggregate: Aggregate<GovernanceApprovalState, GovernanceApprovalEvent> = {
  name: 'governance_approval',
  initialState: undefined,
  evolve: evolveGovernanceApproval,
  status: (approval) => approval?.status ?? 'absent',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (approval) => (approval ?? null) as unknown as Json,
  readState: (value) => approvalSchema.parse(value),
};

/** Each refusal is an aggregate of its own with one event. */
export const governanceRefusalAggregate: Aggregate<boolean, GovernanceRefusalEvent> = {
  name: 'governance_refusal',
  initialState: false,
  evolve: () => true,
  status: () => 'refused',
  isAtRest: () => false,
  stateVersion: 1,
  writeState: (recorded) => recorded,
  readState: () => true,
};
