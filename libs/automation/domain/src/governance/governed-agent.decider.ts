import type { GovernanceActor, GovernanceLimits, GovernedAgentEvent, TenantContext } from '@cs/contracts';
import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import { maxCounted, type AgentFacts, type GovernedAgentState } from './governed-agent.state.js';
import { spikeOf } from './run-costs.js';
import { addSpend, dayOf, weekOf } from './spend-windows.js';

export type GovernedAgentCommand =
  /** An agent wants to create an automation. */
  | { readonly type: 'register'; readonly automation_id: string; readonly depth: number; readonly override_approval_id?: string | undefined }
  | { readonly type: 'release'; readonly automation_id: string; readonly reason: string }
  | { readonly type: 'review'; readonly note: string; readonly reviewed_by: GovernanceActor }
  | { readonly type: 'change_permissions'; readonly change: Partial<AgentPermissions>; readonly reason: string; readonly changed_by: GovernanceActor }
  | { readonly type: 'record_spend'; readonly usage: AgentUsage }
  | { readonly type: 'allow_spend'; readonly week: string; readonly allowed_usd: number; readonly approval_id: string; readonly approved_by: GovernanceActor };

export type AgentPermissions = Pick<AgentFacts, 'creation_paused' | 'authority_revoked' | 'weekly_spend_cap_usd'>;

export interface AgentUsage {
  readonly usage_event_id: string;
  readonly usage_position: number;
  readonly run_id: string;
  readonly automation_id: string;
  readonly cost_usd: number;
  readonly tokens: number;
  /** What the run has cost in all, with this. */
  readonly run_usd: number;
  /** When it was reported: names the day, week and month that it counts in. */
  readonly at_ms: number;
}

export type CreationCode =
  | 'AUTOMATION_V2_CREATION_DISABLED' | 'AUTOMATION_V2_AGENT_CREATION_PAUSED' | 'AUTOMATION_V2_LINEAGE_DEPTH_EXCEEDED'
  | 'AUTOMATION_V2_AGENT_SPEND_CAP_EXCEEDED' | 'AUTOMATION_V2_AGENT_REVIEW_REQUIRED' | 'AUTOMATION_V2_AGENT_DAILY_QUOTA_EXCEEDED' | 'AUTOMATION_V2_AGENT_CAP_EXCEEDED';

export interface AgentContext {
  readonly tenant_context: TenantContext;
  readonly agent_id: string;
  readonly limits: GovernanceLimits;
  readonly at_ms: number;
}

type Decided = Decision<GovernedAgentEvent, Refusal<CreationCode>>;
type Command<Type extends GovernedAgentCommand['type']> = Extract<GovernedAgentCommand, { type: Type }>;

const noAgent = { automations: {}, creations: { day: '', today: 0, since_review: 0 }, review_due: false, creation_paused: false, authority_revoked: false, weekly_spend_cap_usd: null, counted: [] } as const;
type Known = Omit<AgentFacts, 'tenant_context' | 'agent_id'>;

const ofAgent = ({ tenant_context, agent_id }: AgentContext) => ({ tenant_context, agent_id });

type Check = readonly [fails: boolean, code: CreationCode, message: string];

/** What no approval lifts. */
const rules = ({ depth }: Command<'register'>, agent: Known, { limits, agent_id }: AgentContext): readonly Check[] => [
  [!limits.creation_enabled, 'AUTOMATION_V2_CREATION_DISABLED', 'agents may not create automations in this workspace'],
  [agent.creation_paused || agent.authority_revoked, 'AUTOMATION_V2_AGENT_CREATION_PAUSED', `agent "${agent_id}" may not create automations now`],
  [depth > limits.max_lineage_depth, 'AUTOMATION_V2_LINEAGE_DEPTH_EXCEEDED', `${depth} agents stand between a person and agent "${agent_id}", and ${limits.max_lineage_depth} may`],
  [agent.spend_paused !== undefined, 'AUTOMATION_V2_AGENT_SPEND_CAP_EXCEEDED', `the automations of agent "${agent_id}" have used what they may in a week`],
];

/** What a person can allow once, beyond the limit. */
const quotas = (agent: Known, { limits, agent_id, at_ms }: AgentContext): readonly Check[] => {
  const today = agent.creations.day === dayOf(at_ms) ? agent.creations.today : 0;
  const active = Object.keys(agent.automations).length;
  return [
    [agent.review_due, 'AUTOMATION_V2_AGENT_REVIEW_REQUIRED', `agent "${agent_id}" has created ${agent.creations.since_review} automations since a person reviewed it`],
    [today >= limits.max_creations_per_day, 'AUTOMATION_V2_AGENT_DAILY_QUOTA_EXCEEDED', `agent "${agent_id}" has created ${today} automations today, and may create ${limits.max_creations_per_day}`],
    [active >= limits.max_active_automations, 'AUTOMATION_V2_AGENT_CAP_EXCEEDED', `agent "${agent_id}" has ${active} automations, and may have ${limits.max_active_automations}`],
  ];
};

const register = (command: Command<'register'>, agent: Known, context: AgentContext): Decided => {
  const { automation_id, depth, override_approval_id } = command;
  if (Object.hasOwn(agent.automations, automation_id)) return accept();
  const checks = [...rules(command, agent, context), ...(override_approval_id === undefined ? quotas(agent, context) : [])];
  const failed = checks.find(([fails]) => fails);
  if (failed !== undefined) return refuse({ code: failed[1], message: failed[2], details: { agentID: context.agent_id } });
  const registered: GovernedAgentEvent = {
    event_type: 'agent_automation_registered', data: { ...ofAgent(context), automation_id, day: dayOf(context.at_ms), depth, ...(override_approval_id === undefined ? {} : { override_approval_id }) },
  };
  const creations = agent.creations.since_review + 1;
  const isDue = creations >= context.limits.review_after_creations && !agent.review_due;
  return isDue ? accept<GovernedAgentEvent>(registered, { event_type: 'agent_review_required', data: { ...ofAgent(context), creations } }) : accept(registered);
};

const release = ({ automation_id, reason }: Command<'release'>, agent: Known, context: AgentContext): Decided =>
  Object.hasOwn(agent.automations, automation_id) ? accept({ event_type: 'agent_automation_released', data: { ...ofAgent(context), automation_id, reason } }) : accept();

const review = ({ note, reviewed_by }: Command<'review'>, agent: Known, context: AgentContext): Decided =>
  agent.review_due || agent.creations.since_review > 0 ? accept({ event_type: 'agent_reviewed', data: { ...ofAgent(context), note, reviewed_by } }) : accept();

const changePermissions = ({ change, reason, changed_by }: Command<'change_permissions'>, { creation_paused, authority_revoked, weekly_spend_cap_usd }: Known, context: AgentContext): Decided => {
  const before = { creation_paused, authority_revoked, weekly_spend_cap_usd };
  const after = { ...before, ...change };
  const isSame = JSON.stringify(after) === JSON.stringify(before);
  return isSame ? accept() : accept({ event_type: 'agent_permissions_changed', data: { ...ofAgent(context), ...after, reason, changed_by } });
};

/** What the agent's automations may use in a week: what a person allowed beyond the cap counts for its week only. */
const capOf = (agent: Known, week: string, { weekly_spend_cap_usd }: GovernanceLimits): number => {
  const cap = agent.weekly_spend_cap_usd ?? weekly_spend_cap_usd ?? Infinity;
  return agent.allowance?.week === week ? Math.max(cap, agent.allowance.allowed_usd) : cap;
};

const isCounted = ({ counted }: Known, { usage_event_id, usage_position }: AgentUsage): boolean =>
  counted.some(([, id]) => id === usage_event_id) || (counted.length >= maxCounted && usage_position <= (counted[0]?.[0] ?? 0));

/** A report that comes late counts in the week of now: periods only go forward. */
const totalsAfter = (agent: Known, { at_ms, cost_usd, tokens }: AgentUsage, now: number) =>
  addSpend(agent.spend, { at_ms: agent.spend !== undefined && dayOf(at_ms) < agent.spend.day ? now : at_ms, cost_usd, tokens });

interface Reached {
  readonly week: string;
  readonly week_usd: number;
  readonly cap_usd: number;
}

/** The cap is judged after each cost: what is used may be more than the cap by what ran at the time. */
const consequences = (agent: Known, { week, week_usd, cap_usd }: Reached, context: AgentContext): readonly GovernedAgentEvent[] => {
  if (agent.spend_paused !== undefined) return [];
  const data = { ...ofAgent(context), week, week_usd, cap_usd };
  if (week_usd >= cap_usd) return [{ event_type: 'agent_spend_paused', data }];
  const isWarned = week_usd >= cap_usd * context.limits.spend_warning_ratio && agent.warned_week !== week;
  return isWarned ? [{ event_type: 'agent_spend_warned', data }] : [];
};

/** A run that costs many times what those before it cost is looked at at once; of what the agent does not have any more, nobody. */
const spikes = (agent: Known, { automation_id, run_id, run_usd }: AgentUsage, context: AgentContext): readonly GovernedAgentEvent[] => {
  if (!Object.hasOwn(agent.automations, automation_id)) return [];
  const spike = spikeOf(agent.costs?.[automation_id], { run_id, run_usd }, context.limits);
  return spike === undefined ? [] : [{ event_type: 'agent_cost_spike_found', data: { ...ofAgent(context), automation_id, run_id, ...spike, limit: context.limits.cost_spike_ratio } }];
};

const recordSpend = ({ usage }: Command<'record_spend'>, agent: Known, context: AgentContext): Decided => {
  if (isCounted(agent, usage)) return accept();
  const { at_ms: _at, ...recorded } = usage;
  const totals = totalsAfter(agent, usage, context.at_ms);
  const reached = { week: totals.week, week_usd: totals.week_usd, cap_usd: capOf(agent, totals.week, context.limits) };
  return accept<GovernedAgentEvent>(
    { event_type: 'agent_spend_recorded', data: { ...ofAgent(context), ...recorded, totals } },
    ...(usage.cost_usd > 0 ? [...spikes(agent, usage, context), ...consequences(agent, reached, context)] : []),
  );
};

const allowSpend = ({ type: _type, ...allowed }: Command<'allow_spend'>, agent: Known, context: AgentContext): Decided => {
  const isKnown = agent.allowance?.week === allowed.week && agent.allowance.allowed_usd >= allowed.allowed_usd && agent.spend_paused === undefined;
  return isKnown ? accept() : accept({ event_type: 'agent_spend_resumed', data: { ...ofAgent(context), ...allowed } });
};

/** The week that a spend override is for. */
export const currentWeek = (at_ms: number): string => weekOf(at_ms);

type Deciders = { readonly [Type in GovernedAgentCommand['type']]: (command: Command<Type>, agent: Known, context: AgentContext) => Decided };
const deciders: Deciders = { register, release, review, change_permissions: changePermissions, record_spend: recordSpend, allow_spend: allowSpend };

/** Everything that limits an agent is one aggregate, so that two creations at once cannot both take the last place. */
export const decideGovernedAgent = (command: GovernedAgentCommand, state: GovernedAgentState, context: AgentContext): Decided => {
  const agent: Known = state ?? noAgent;
  // The table has exactly the decider of each type; the compiler does not follow that through the look-up.
  const decide = deciders[command.type] as (command: GovernedAgentCommand, agent: Known, context: AgentContext) => Decided;
  return decide(command, agent, context);
};
