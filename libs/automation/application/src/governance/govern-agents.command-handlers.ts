import { decideLimits, isHumanAdministrator, type AgentPermissions, type AgentUsage, type GovernanceLimitsState, type GovernedAgentState } from '@cs/automation-domain';
import type { AutomationDefinition, CallContext, GovernanceLimits, GovernanceLimitsEvent, TenantContext } from '@cs/contracts';
import { done, executeCommand, retryLater, type ConsumerOutcome, type Eventing } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import { commandAgent } from './agent-creation.js';
import { audited, type Attempt } from './audited-denial.js';
import type { GovernanceOptions } from './governance-approvals.command-handlers.js';
import { governanceLimitsAggregate } from './governance.aggregates.js';
import { defaultLimits, limitsOf, limitsRef, readLimits } from './governance-state.js';
import { provenanceOf } from './provenance.js';

type Options = Pick<GovernanceOptions, 'eventing' | 'newId'>;

/** Only a person who administers the workspace: an agent could otherwise allow itself everything. */
const mayAdminister = (context: CallContext): Result<true> => {
  if (context.actor.kind !== 'human') return refused('GOVERNANCE_REQUIRES_HUMAN', 'only a person may do this');
  return isHumanAdministrator(context) ? accepted(true) : refused('AUTOMATION_V2_ACCESS_DENIED', 'only an administrator may do this');
};

const textOf = (text: string | undefined, fallback: string): string => (text === undefined || text.trim() === '' ? fallback : text.trim());

const administered = async <Value>(options: Options, context: CallContext, { attempt, command }: { readonly attempt: Attempt; readonly command: () => Promise<Result<Value>> }): Promise<Result<Value>> => {
  const allowed = mayAdminister(context);
  return await audited(options, context, { attempt, result: allowed.ok ? await command() : allowed });
};

export interface LimitsStored {
  readonly limits: GovernanceLimits;
  readonly position: number;
}

export const readGovernanceLimits = async ({ eventing }: Options, { tenant }: CallContext): Promise<GovernanceLimits> => await readLimits({ eventing }, tenant);

/** Changes the members that are given. */
export const changeLimits = (options: Options, context: CallContext, { reason, ...change }: Partial<GovernanceLimits> & { readonly reason?: string | undefined }): Promise<Result<LimitsStored>> =>
  administered<LimitsStored>(options, context, {
    attempt: { action: 'change_limits', resource_kind: 'workspace', resource_id: context.tenant.workspace_id },
    command: async () => {
      const result = await executeCommand<GovernanceLimitsState, GovernanceLimitsEvent, never>(limitsRef(options.eventing, context.tenant), {
        eventing: options.eventing, aggregate: governanceLimitsAggregate, context: { actor: context.actor, causation_id: context.correlation_id },
        decide: (state) => decideLimits({ change, defaults: defaultLimits, reason: textOf(reason, 'changed by operator'), changed_by: context.actor }, state, context.tenant),
      });
      if (result.kind !== 'accepted') return refused('CONCURRENT_CHANGE', 'the limits are being changed by others');
      return accepted({ limits: limitsOf(result.loaded.state), position: result.loaded.position });
    },
  });

export interface AgentStored {
  readonly agent: GovernedAgentState;
  readonly position: number;
}
interface OfAgent {
  readonly agent_id: string;
}

const commanded = async (options: Options, context: CallContext, { agent_id, command }: OfAgent & { readonly command: Parameters<typeof commandAgent>[1]['command'] }): Promise<Result<AgentStored>> => {
  const result = await commandAgent(options, { tenant: context.tenant, agent_id, command, context });
  return result.ok ? accepted({ agent: result.value.state, position: result.value.position }) : result;
};

/** Says what an agent may do. Revoking its authority holds every run of its automations, and pauses those that execute. */
export const changeAgent = (options: Options, context: CallContext, { agent_id, reason, ...change }: OfAgent & Partial<AgentPermissions> & { readonly reason?: string | undefined }): Promise<Result<AgentStored>> =>
  administered(options, context, {
    attempt: { action: 'change_agent', resource_kind: 'agent', resource_id: agent_id },
    command: () => commanded(options, context, { agent_id, command: { type: 'change_permissions', change, reason: textOf(reason, 'changed by operator'), changed_by: context.actor } }),
  });

/** A person has looked at what the agent created; its creations count anew. */
export const reviewAgent = (options: Options, context: CallContext, { agent_id, note }: OfAgent & { readonly note?: string | undefined }): Promise<Result<AgentStored>> =>
  administered(options, context, {
    attempt: { action: 'review_agent', resource_kind: 'agent', resource_id: agent_id },
    command: () => commanded(options, context, { agent_id, command: { type: 'review', note: textOf(note, 'reviewed'), reviewed_by: context.actor } }),
  });

/** Adds what a run has used to its agent; a run of what a person made adds nothing. The same usage again adds nothing. */
export const recordAgentSpend = async ({ eventing }: { readonly eventing: Eventing }, { tenant, definition, usage }: { readonly tenant: TenantContext; readonly definition: AutomationDefinition; readonly usage: AgentUsage }): Promise<ConsumerOutcome> => {
  const agent_id = provenanceOf(definition)?.creator.actor_id;
  if (agent_id === undefined) return done;
  const result = await commandAgent({ eventing }, { tenant, agent_id, command: { type: 'record_spend', usage } });
  return result.ok ? done : retryLater(200, 'the agent is being written to');
};
