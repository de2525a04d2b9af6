import { decideGovernedAgent, liveAutomation, type CreationCode, type GovernedAgentCommand, type GovernedAgentState } from '@cs/automation-domain';
import type { AggregateRef, CallContext, GovernanceLimits, GovernedAgentEvent, TenantContext } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import { accepted, refused, type Refusal, type Result } from '@cs/kernel';
import { automationAggregate } from '../automation.aggregate.js';
import { governedAgentAggregate } from './governance.aggregates.js';
import { agentRef, loadAgent, readLimits } from './governance-state.js';

interface Options {
  readonly eventing: Eventing;
}

interface ForAgent {
  readonly tenant: TenantContext;
  readonly agent_id: string;
  readonly command: GovernedAgentCommand;
  readonly context?: Pick<CallContext, 'actor' | 'correlation_id'>;
}

export interface AgentAfter {
  readonly state: GovernedAgentState;
  readonly position: number;
}

/** Does something with an agent of a tenant, within the limits of its workspace. */
export const commandAgent = async (options: Options, { tenant, agent_id, command, context }: ForAgent): Promise<Result<AgentAfter>> => {
  const limits = await readLimits(options, tenant);
  const result = await executeCommand<GovernedAgentState, GovernedAgentEvent, Refusal<CreationCode>>(agentRef(options.eventing, tenant, agent_id), {
    eventing: options.eventing, aggregate: governedAgentAggregate,
    decide: (state, at_ms) => decideGovernedAgent(command, state, { tenant_context: tenant, agent_id, limits, at_ms }),
    context: context === undefined ? {} : { actor: context.actor, causation_id: context.correlation_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', `agent "${agent_id}" is being changed by others`);
  return result.kind === 'refused' ? { ok: false, refusal: result.refusal } : accepted({ state: result.loaded.state, position: result.loaded.position });
};

export const automationRefIn = ({ org_id, workspace_id }: Pick<TenantContext, 'org_id' | 'workspace_id'>, automation_id: string): AggregateRef => ({ org_id, workspace_id, aggregate: 'automation', id: automation_id });

const isMadeBy = async ({ eventing }: Options, { tenant, agent_id }: Pick<ForAgent, 'tenant' | 'agent_id'>, automation_id: string): Promise<boolean> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, automationRefIn(tenant, automation_id));
  return liveAutomation(state, tenant.deployment_id)?.governance?.provenance?.creator.actor_id === agent_id;
};

/** What was registered so recently may be about to be stored. */
const settledMs = 60_000;

/**
 * Takes places back from automations that are not there: they were deleted, or their creation died before
 * it was stored. True when a place became free.
 */
const tidy = async (options: Options, agent: Pick<ForAgent, 'tenant' | 'agent_id'>): Promise<boolean> => {
  const state = await loadAgent(options, agent.tenant, agent.agent_id);
  const now = options.eventing.clock();
  let isFreed = false;
  for (const [automation_id, registered_at_ms] of Object.entries(state?.automations ?? {})) {
    if (registered_at_ms > now - settledMs || (await isMadeBy(options, agent, automation_id))) continue;
    await releasePlace(options, { ...agent, automation_id, reason: 'the automation is not there' });
    isFreed = true;
  }
  return isFreed;
};

interface Place extends Pick<ForAgent, 'tenant' | 'agent_id'> {
  readonly automation_id: string;
}

/** Gives a place of the agent back. Repeating it changes nothing. */
export const releasePlace = async (options: Options, { automation_id, reason, ...agent }: Place & { readonly reason: string }): Promise<void> => {
  await commandAgent(options, { ...agent, command: { type: 'release', automation_id, reason } });
};

/** Gives the place back unless the automation is the agent's after all. */
export const releaseUnused = async (options: Options, place: Place): Promise<void> => {
  if (!(await isMadeBy(options, place, place.automation_id))) await releasePlace(options, { ...place, reason: 'the automation was not stored' });
};

export interface Registration extends Place {
  readonly depth: number;
  readonly override_approval_id?: string | undefined;
  readonly context: CallContext;
}

/** Takes a place for an automation that an agent is about to create; the same one again takes no second place. */
export const registerCreation = async (options: Options, { automation_id, depth, override_approval_id, ...agent }: Registration): Promise<Result<AgentAfter>> => {
  const command = { type: 'register', automation_id, depth, override_approval_id } as const;
  const registered = await commandAgent(options, { ...agent, command });
  const isFull = !registered.ok && registered.refusal.code === 'AUTOMATION_V2_AGENT_CAP_EXCEEDED';
  return isFull && (await tidy(options, agent)) ? await commandAgent(options, { ...agent, command }) : registered;
};

/** Until when what an agent creates now may start runs. */
export const expiryOf = ({ expires_after_ms }: Pick<GovernanceLimits, 'expires_after_ms'>, at_ms: number): number => at_ms + expires_after_ms;
