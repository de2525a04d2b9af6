import { z } from 'zod';
import {
  agentIdSchema, approvalIdSchema, approvalTypeSchema, capabilitySchema, governanceLimitsSchema, grantKindSchema,
  type ApprovalBinding, type ApprovalSubject, type ApprovalType, type GovernanceLimits, type Grant, type Provenance, type SpendTotals,
} from '../governance.schema.js';
import { automationIdSchema, epochMsSchema, jsonSchema } from '../scalars.schema.js';
import type { GovernanceActor } from '../tenant.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

/** What governs an automation. */
export interface AutomationGovernanceRecord {
  readonly automation_id: string;
  readonly status: string;
  readonly definition_hash: string;
  /** Of what an agent made. */
  readonly provenance?: Provenance;
  readonly declared_capabilities: readonly string[];
  /** Definitions that people allowed to start runs, newest last. */
  readonly approved_definitions: readonly string[];
  readonly grants: readonly Grant[];
  readonly expires_at_ms?: number;
  readonly launches_since_review: number;
  /** Why no run of the definition of now starts; absent when nothing holds it. */
  readonly hold?: { readonly kind: string; readonly reason: string };
}

/** A governance approval as clients read it. */
export interface GovernanceApprovalRecord {
  readonly approval_id: string;
  readonly approval_type: ApprovalType;
  readonly status: 'pending' | 'approved' | 'denied' | 'consumed' | 'expired';
  readonly subject: ApprovalSubject;
  readonly binding: ApprovalBinding;
  readonly reason: string;
  readonly requested_by: GovernanceActor;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number;
  readonly decided_by?: GovernanceActor;
  readonly decided_at_ms?: number;
  readonly note?: string;
  readonly consumed_by?: string;
}

/** An agent as people who govern it read it. */
export interface GovernedAgentRecord {
  readonly agent_id: string;
  readonly creation_paused: boolean;
  readonly authority_revoked: boolean;
  /** Absent: what the workspace says. */
  readonly weekly_spend_cap_usd?: number;
  readonly spend_paused: boolean;
  /** Absent: it has used nothing. */
  readonly spend?: SpendTotals;
  readonly updated_at_ms: number;
}

/** A review that is due. */
export interface GovernanceReviewRecord {
  readonly subject: ApprovalSubject;
  readonly reason: string;
  readonly since_ms: number;
}

const runner = (name: string): string => `cs.rpc.runner.governance_${name}`;
const observability = (name: string): string => `cs.rpc.observability.governance_${name}`;

const text = z.string().max(4000).optional();
const automation = { automation_id: automationIdSchema };
const command = { command_id: commandIdSchema.optional() };

export const getGovernance = rpcMethod<AutomationGovernanceRecord>()(runner('get'), z.object(automation));
export const retireAutomation = rpcMethod<AutomationGovernanceRecord>()(runner('retire'), z.object({ ...automation, reason: text }));
export const restoreAutomation = rpcMethod<AutomationGovernanceRecord>()(runner('restore'), z.object({ ...automation, reason: text }));
export const extendAutomation = rpcMethod<AutomationGovernanceRecord>()(runner('extend'), z.object({ ...automation, expires_at_ms: epochMsSchema }));
export const addGrant = rpcMethod<AutomationGovernanceRecord>()(
  runner('grant_add'),
  z.object({ ...automation, kind: grantKindSchema, agent_id: agentIdSchema.optional(), capability: capabilitySchema.optional(), expires_at_ms: epochMsSchema.optional(), ...command }),
);
export const revokeGrant = rpcMethod<AutomationGovernanceRecord>()(runner('grant_revoke'), z.object({ ...automation, grant_id: z.string().min(1).max(200), reason: text }));

export const requestGovernanceApproval = rpcMethod<GovernanceApprovalRecord>()(
  runner('approval_request'),
  z.object({
    approval_type: approvalTypeSchema, automation_id: automationIdSchema.optional(), agent_id: agentIdSchema.optional(), reason: text,
    input: jsonSchema.optional(), runtime_context: jsonSchema.optional(), execution_profile: z.enum(['strict', 'guided', 'yolo']).optional(), dry_run: z.boolean().optional(),
    allowed_usd: z.number().nonnegative().max(1e9).optional(), ...command,
  }),
);
export const decideGovernanceApproval = rpcMethod<GovernanceApprovalRecord>()(runner('approval_decide'), z.object({ approval_id: approvalIdSchema, decision: z.enum(['approve', 'deny']), note: text }));
export const completeGovernanceReview = rpcMethod<{ readonly subject: ApprovalSubject }>()(runner('review'), z.object({ automation_id: automationIdSchema.optional(), agent_id: agentIdSchema.optional(), note: text }));

export const getGovernanceLimits = rpcMethod<GovernanceLimits>()(runner('limits_get'), z.object({}));
const changeable = Object.fromEntries(Object.entries(governanceLimitsSchema.shape).map(([name, schema]) => [name, schema.unwrap().optional()])) as {
  readonly [Name in keyof typeof governanceLimitsSchema.shape]: z.ZodOptional<ReturnType<(typeof governanceLimitsSchema.shape)[Name]['unwrap']>>;
};
export const changeGovernanceLimits = rpcMethod<GovernanceLimits>()(runner('limits_change'), z.object({ ...changeable, reason: text }));
export const changeGovernedAgent = rpcMethod<GovernedAgentRecord>()(
  runner('agent_change'),
  z.object({ agent_id: agentIdSchema, creation_paused: z.boolean().optional(), authority_revoked: z.boolean().optional(), weekly_spend_cap_usd: z.number().nonnegative().max(1e9).nullable().optional(), reason: text }),
);

const page = { limit: z.int().default(50).transform((value) => Math.min(Math.max(value, 1), 200)), cursor: z.string().max(400).optional(), min_position: z.int().nonnegative().optional() };
export const listGovernanceApprovals = rpcMethod<Page<GovernanceApprovalRecord>>()(
  observability('approvals'),
  z.object({ status: z.string().max(32).optional(), approval_type: z.string().max(32).optional(), automation_id: automationIdSchema.optional(), agent_id: agentIdSchema.optional(), ...page }),
);
export const listGovernanceReviews = rpcMethod<Page<GovernanceReviewRecord>>()(observability('reviews'), z.object(page));
export const listGovernedAgents = rpcMethod<Page<GovernedAgentRecord>>()(observability('agents'), z.object(page));
