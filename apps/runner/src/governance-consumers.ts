import { followApproval, followCostSpikes, governedAgentAggregate, recordAgentSpend, requestActivation, runAggregate } from '@cs/automation-application';
import { governedAgentStatus, usageOf, type GovernedAgentState } from '@cs/automation-domain';
import { eventSubjects, runIdSchema, statusSubjects, streams, usageDeltaSchema, type AggregateRef } from '@cs/contracts';
import { done, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import type { ConsumerDefinition, ConsumerMessage } from '@cs/jetstream';
import { z } from 'zod';
import { followRuns, letGoOn, pauseForbidden, type FollowOptions } from './paused-automations.js';
import { handleCommit } from './read-commit.js';

/** The published event that says that a run used something. */
const usageSchema = z.object({
  event_id: z.string(), org_id: z.string(), workspace_id: z.string(), aggregate_id: runIdSchema, position: z.int().nonnegative(), occurred_at_ms: z.int().nonnegative(),
  data: usageDeltaSchema.pick({ estimated_cost_usd: true, total_tokens: true }),
});

const countUsage = async (message: ConsumerMessage, options: FollowOptions): Promise<ConsumerOutcome> => {
  const parsed = usageSchema.safeParse(JSON.parse(message.text()));
  if (!parsed.success) return giveUp(`"${message.subject}" is no usage of a run`);
  const { event_id, org_id, workspace_id, aggregate_id: run_id, position, occurred_at_ms, data } = parsed.data;
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: runAggregate }, { org_id, workspace_id, aggregate: 'run', id: run_id });
  if (state === undefined) return done;
  const definition = await options.definitions.get({ org_id, workspace_id }, state.workflow_definition_snapshot_hash);
  return await recordAgentSpend(options, {
    tenant: state.tenant_context, definition,
    usage: { usage_event_id: event_id, usage_position: position, run_id, automation_id: state.automation_id, cost_usd: data.estimated_cost_usd ?? 0, tokens: data.total_tokens ?? 0, run_usd: usageOf(state).estimated_cost_usd, at_ms: occurred_at_ms },
  });
};

/** What changes whether the agent's automations may run; the others come with everything that they use. */
const turns: ReadonlySet<string> = new Set(['agent_spend_paused', 'agent_spend_resumed', 'agent_permissions_changed']);

const loadAgent = async ({ eventing }: FollowOptions, ref: AggregateRef): Promise<GovernedAgentState> => (await loadAggregate({ store: eventing.store, aggregate: governedAgentAggregate }, ref)).state;

/** Pauses or lets go on the runs of every automation of an agent, as the agent is now. */
const followAgent = async ({ ref, commit, position }: StoredCommit, options: FollowOptions): Promise<ConsumerOutcome> => {
  if (!commit.events.some(({ event_type }) => turns.has(event_type))) return done;
  const agent = await loadAgent(options, ref);
  if (agent === undefined) return done;
  const acts = governedAgentStatus(agent) === 'permitted' ? ([['queued', letGoOn]] as const) : ([['running', pauseForbidden]] as const);
  const failures: unknown[] = [];
  for (const automation_id of Object.keys(agent.automations)) {
    // Those behind one that fails do not wait for it.
    const isFollowed = await followRuns(options, { tenant: agent.tenant_context, automation_id, min_position: position, acts }).catch((error: unknown) => failures.push(error) > 0);
    if (!isFollowed) return retryLater(1000, 'the runs of the agent cannot be listed now');
  }
  if (failures.length > 0) throw new Error(`${failures.length} automations of the agent could not be followed`, { cause: failures[0] });
  return done;
};

/** Long outages of the projections are waited for. */
const settings = { ackWaitMs: 5000, maxInFlight: 16, maxDeliver: 5000 };

/** What follows from governance: each step is a commit whose token, or whose event, leads to the next. */
export const governanceConsumers = (options: FollowOptions): readonly ConsumerDefinition[] => [
  {
    ...settings, durable: 'runner--governance-activations', stream: streams.log.name, filters: [statusSubjects('automation', 'held')],
    handle: (message) => handleCommit(message, options.eventing.store, ({ ref }) => requestActivation(options, ref)),
  },
  {
    ...settings, durable: 'runner--governance-approvals', stream: streams.log.name, filters: [statusSubjects('governance_approval', 'approved')],
    handle: (message) => handleCommit(message, options.eventing.store, ({ ref }) => followApproval(options, ref)),
  },
  {
    ...settings, durable: 'runner--governance-agents', stream: streams.log.name, filters: [statusSubjects('governed_agent', '*')],
    handle: (message) => handleCommit(message, options.eventing.store, (stored) => followAgent(stored, options)),
  },
  {
    ...settings, durable: 'runner--governance-cost-spikes', stream: streams.log.name, filters: [statusSubjects('governed_agent', '*')],
    handle: (message) => handleCommit(message, options.eventing.store, (stored) => followCostSpikes(options, stored)),
  },
  { ...settings, durable: 'runner--governance-spend', stream: streams.events.name, filters: [eventSubjects('run', 'run_usage_recorded')], handle: (message) => countUsage(message, options) },
];
