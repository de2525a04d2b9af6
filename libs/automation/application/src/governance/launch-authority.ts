import { agentHold, automationStatus, governAutomation, holdsRuns, launchHold, type AutomationState, type GovernRefusal, type LaunchHold } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, AutomationEvent, Run } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import { automationAggregate } from '../automation.aggregate.js';
import { loadAgent, readLimits } from './governance-state.js';
import { provenanceOf } from './provenance.js';

export interface LaunchOptions {
  readonly eventing: Eventing;
}

type LaunchedRun = Pick<Run, 'run_id' | 'automation_id' | 'tenant_context' | 'workflow_definition_snapshot_hash' | 'started_at_ms'>;

const automationRefOf = ({ tenant_context: { org_id, workspace_id }, automation_id }: LaunchedRun): AggregateRef => ({ org_id, workspace_id, aggregate: 'automation', id: automation_id });

const activationRequired: LaunchHold = { kind: 'activation_required', reason: 'an agent made this definition, and no person has allowed it to start runs' };

/**
 * Judged by the definition that the run pins: what an agent made needs its approval also when the
 * automation was deleted since, or when its id belongs to another one now. A run that has begun was allowed.
 */
const holdOfState = (run: LaunchedRun, definition: AutomationDefinition, { state, at_ms }: { readonly state: AutomationState; readonly at_ms: number }): LaunchHold | undefined => {
  const governance = state?.governance;
  const hold = launchHold(governance, at_ms);
  if (hold !== undefined) return hold;
  const needsApproval = run.started_at_ms === undefined && provenanceOf(definition) !== undefined;
  return needsApproval && governance?.approved.includes(run.workflow_definition_snapshot_hash) !== true ? activationRequired : undefined;
};

const holdOfAgent = async ({ eventing }: LaunchOptions, { tenant_context }: LaunchedRun, definition: AutomationDefinition): Promise<LaunchHold | undefined> => {
  const agent_id = provenanceOf(definition)?.creator.actor_id;
  return agent_id === undefined ? undefined : agentHold(await loadAgent({ eventing }, tenant_context, agent_id));
};

/** Why the run may not execute, as the log has it now: nothing that was heard earlier counts. */
export const launchHoldNow = async (options: LaunchOptions, run: LaunchedRun, definition: AutomationDefinition): Promise<LaunchHold | undefined> => {
  const { store, clock } = options.eventing;
  const { state } = await loadAggregate({ store, aggregate: automationAggregate }, automationRefOf(run));
  return holdOfState(run, definition, { state, at_ms: clock() }) ?? (await holdOfAgent(options, run, definition));
};

/** As `launchHoldNow`, or because its automation is paused. */
export const mayNotExecute = async (options: LaunchOptions, run: LaunchedRun, definition: AutomationDefinition): Promise<string | undefined> => {
  const { store, clock } = options.eventing;
  const { state } = await loadAggregate({ store, aggregate: automationAggregate }, automationRefOf(run));
  const hold = holdOfState(run, definition, { state, at_ms: clock() }) ?? (await holdOfAgent(options, run, definition));
  if (hold !== undefined) return hold.reason;
  const status = automationStatus(state);
  return holdsRuns(status) && status !== 'held' ? `automation "${run.automation_id}" paused` : undefined;
};

/**
 * Lets a run of what an agent made begin: the place in the count of its review is taken in the automation,
 * in the commit that finds nothing against it. The same run again takes no second place.
 */
export const admitLaunch = async (options: LaunchOptions, run: LaunchedRun, definition: AutomationDefinition): Promise<LaunchHold | undefined> => {
  if (provenanceOf(definition) === undefined) return undefined;
  const held = await holdOfAgent(options, run, definition);
  if (held !== undefined) return held;
  const { eventing } = options;
  const { run_id, automation_id, tenant_context, workflow_definition_snapshot_hash: definition_hash } = run;
  const { review_after_runs } = await readLimits(options, tenant_context);
  const result = await executeCommand<AutomationState, AutomationEvent, GovernRefusal>(automationRefOf(run), {
    eventing, aggregate: automationAggregate, context: { causation_id: run_id, correlation_id: automation_id },
    decide: (state, at_ms) => governAutomation({ type: 'admit_launch', run_id, definition_hash, review_after_runs, begins: run.started_at_ms === undefined }, state, { automation_id, deployment_id: tenant_context.deployment_id, at_ms }),
  });
  if (result.kind === 'contended') throw new Error(`automation ${automation_id} is being written to by others`);
  return holdOfState(run, definition, { state: result.loaded.state, at_ms: eventing.clock() });
};
