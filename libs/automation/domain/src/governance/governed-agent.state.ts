import type { GovernedAgentEvent, SpendTotals, TenantContext } from '@cs/contracts';
import type { LaunchHold } from './automation-governance.js';
import { withCost, withSpike, type RunCosts } from './run-costs.js';

export interface AgentFacts {
  readonly tenant_context: TenantContext;
  readonly agent_id: string;
  /** Its automations that exist and are not retired, and when each was registered. */
  readonly automations: Readonly<Record<string, number>>;
  readonly creations: { readonly day: string; readonly today: number; readonly since_review: number };
  readonly review_due: boolean;
  readonly creation_paused: boolean;
  readonly authority_revoked: boolean;
  readonly weekly_spend_cap_usd: number | null;
  readonly spend?: SpendTotals | undefined;
  readonly warned_week?: string | undefined;
  readonly spend_paused?: { readonly week: string; readonly cap_usd: number } | undefined;
  /** What a person allowed beyond the cap, in one week. */
  readonly allowance?: { readonly week: string; readonly allowed_usd: number } | undefined;
  /** What the runs of its automations cost, by automation; of those that exist and are not retired. */
  readonly costs?: Readonly<Record<string, RunCosts>> | undefined;
  /** Usage that was counted, in the order of the log. */
  readonly counted: readonly (readonly [position: number, usage_event_id: string])[];
}
/** An agent of a workspace, or `undefined` before anything is known of it. Plain JSON: it is stored as it is. */
export type GovernedAgentState = AgentFacts | undefined;

/** Usage that is remembered; what is older than all of it was counted. */
export const maxCounted = 256;

const unknown = ({ tenant_context, agent_id }: GovernedAgentEvent['data']): AgentFacts => ({
  tenant_context, agent_id, automations: {}, creations: { day: '', today: 0, since_review: 0 }, review_due: false, creation_paused: false, authority_revoked: false, weekly_spend_cap_usd: null, counted: [],
});

type Named<Type extends GovernedAgentEvent['event_type']> = Extract<GovernedAgentEvent, { event_type: Type }>['data'];

const registered = (agent: AgentFacts, { automation_id, day }: Named<'agent_automation_registered'>, at_ms: number): AgentFacts => ({
  ...agent, automations: { ...agent.automations, [automation_id]: at_ms },
  creations: { day, today: agent.creations.day === day ? agent.creations.today + 1 : 1, since_review: agent.creations.since_review + 1 },
});

const lacking = <Value>(record: Readonly<Record<string, Value>>, name: string): Readonly<Record<string, Value>> => Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));

const without = ({ automations, costs, ...agent }: AgentFacts, automation_id: string): AgentFacts => ({
  ...agent, automations: lacking(automations, automation_id), ...(costs === undefined ? {} : { costs: lacking(costs, automation_id) }),
});

/** Costs of what the agent does not have any more are not kept. */
const withRunCost = (agent: AgentFacts, { automation_id, run_id, run_usd = 0 }: Named<'agent_spend_recorded'>): AgentFacts =>
  run_usd > 0 && Object.hasOwn(agent.automations, automation_id) ? { ...agent, costs: { ...agent.costs, [automation_id]: withCost(agent.costs?.[automation_id], run_id, run_usd) } } : agent;

const spiked = (agent: AgentFacts, { automation_id, run_id }: Named<'agent_cost_spike_found'>): AgentFacts => {
  const costs = agent.costs?.[automation_id];
  return costs === undefined ? agent : { ...agent, costs: { ...agent.costs, [automation_id]: withSpike(costs, run_id) } };
};

const spent = (agent: AgentFacts, data: Named<'agent_spend_recorded'>): AgentFacts => ({
  ...withRunCost(agent, data), spend: data.totals, counted: [...agent.counted, [data.usage_position, data.usage_event_id] as const].sort(([a], [b]) => a - b).slice(-maxCounted),
});

const resumed = ({ spend_paused: _paused, ...agent }: AgentFacts, { week, allowed_usd }: Named<'agent_spend_resumed'>): AgentFacts => ({ ...agent, allowance: { week, allowed_usd } });

type Evolvers = { readonly [Type in GovernedAgentEvent['event_type']]: (agent: AgentFacts, data: Named<Type>, at_ms: number) => AgentFacts };
const evolvers: Evolvers = {
  agent_automation_registered: registered,
  agent_automation_released: (agent, { automation_id }) => without(agent, automation_id),
  agent_review_required: (agent) => ({ ...agent, review_due: true }),
  agent_reviewed: (agent) => ({ ...agent, review_due: false, creations: { ...agent.creations, since_review: 0 } }),
  agent_permissions_changed: (agent, { creation_paused, authority_revoked, weekly_spend_cap_usd }) => ({ ...agent, creation_paused, authority_revoked, weekly_spend_cap_usd }),
  agent_spend_recorded: spent,
  agent_cost_spike_found: spiked,
  agent_spend_warned: (agent, { week }) => ({ ...agent, warned_week: week }),
  agent_spend_paused: (agent, { week, cap_usd }) => ({ ...agent, spend_paused: { week, cap_usd } }),
  agent_spend_resumed: resumed,
};

export const evolveGovernedAgent = (state: GovernedAgentState, event: GovernedAgentEvent & { readonly recorded_at_ms: number }): GovernedAgentState => {
  // The table has exactly the evolver of each type; the compiler does not follow that through the look-up.
  const evolve = evolvers[event.event_type] as (agent: AgentFacts, data: GovernedAgentEvent['data'], at_ms: number) => AgentFacts;
  return evolve(state ?? unknown(event.data), event.data, event.recorded_at_ms);
};

/** Last token of the subjects of an agent's commits. */
export const governedAgentStatus = (agent: GovernedAgentState): string => {
  if (agent?.authority_revoked === true) return 'revoked';
  return agent?.spend_paused === undefined ? 'permitted' : 'spend_paused';
};

/** Why no run of any of the agent's automations starts. */
export const agentHold = (agent: GovernedAgentState): LaunchHold | undefined => {
  if (agent?.authority_revoked === true) return { kind: 'agent_authority_revoked', reason: `the authority of agent "${agent.agent_id}" was revoked` };
  if (agent?.spend_paused === undefined) return undefined;
  return { kind: 'agent_spend_paused', reason: `the automations of agent "${agent.agent_id}" have used the ${agent.spend_paused.cap_usd} USD that they may in the week of ${agent.spend_paused.week}` };
};
