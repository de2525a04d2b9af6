import { liveAutomation, mutationProblem, type GovernanceApproval } from '@cs/automation-domain';
import type { AutomationDefinition, CallContext } from '@cs/contracts';
import { loadAggregate } from '@cs/eventing';
import { accepted, refused, type Json, type Result } from '@cs/kernel';
import { automationAggregate } from '../automation.aggregate.js';
import { runIdFrom } from '../child-run-id.js';
import { requestRun, type Requested, type RunRequest } from '../request-run.command-handler.js';
import { readDefinition, storeNew, type AutomationOptions, type Stored } from '../store-automation.command-handler.js';
import { automationRefIn, expiryOf, registerCreation, releasePlace, releaseUnused } from './agent-creation.js';
import { audited, type Attempt, type DenialOptions } from './audited-denial.js';
import { consumeApproval, launchDigest, quotaDigest, type GovernanceOptions } from './governance-approvals.command-handlers.js';
import { approvalRef, loadApproval, readLimits } from './governance-state.js';

export type GovernedOptions = AutomationOptions & GovernanceOptions;

const quarantined = async (options: Pick<GovernanceOptions, 'eventing'>, { tenant }: CallContext): Promise<Result<true>> =>
  (await readLimits(options, tenant)).quarantined ? refused('AUTOMATION_V2_TENANT_QUARANTINED', 'this workspace is quarantined: nobody changes an automation of it') : accepted(true);

/** A command on automations, once its workspace allows commands; a denial is in the audit before it is answered. */
export const governed = async <Value>(options: Pick<GovernanceOptions, 'eventing'> & DenialOptions, context: CallContext, { attempt, command }: { readonly attempt: Attempt; readonly command: () => Promise<Result<Value>> }): Promise<Result<Value>> => {
  const open = await quarantined(options, context);
  return await audited(options, context, { attempt, result: open.ok ? await command() : open });
};

/** What agents never do, whatever is theirs. */
export const forHumans = (context: CallContext, { action, resource_id }: Attempt): Result<true> =>
  context.actor.kind === 'agent' ? refused('AUTOMATION_V2_ACCESS_DENIED', `an agent may not do this: ${action}`, { resource: resource_id }) : accepted(true);

/** As `governed`, for what only people and the system do. */
export const consequential = <Value>(options: Pick<GovernanceOptions, 'eventing'> & DenialOptions, context: CallContext, { attempt, command }: { readonly attempt: Attempt; readonly command: () => Promise<Result<Value>> }): Promise<Result<Value>> =>
  governed(options, context, {
    attempt,
    command: async () => {
      const allowed = forHumans(context, attempt);
      return allowed.ok ? await command() : allowed;
    },
  });

const liveOf = async ({ eventing }: Pick<GovernanceOptions, 'eventing'>, { tenant }: CallContext, automation_id: string) => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, automationRefIn(tenant, automation_id));
  return liveAutomation(state, tenant.deployment_id);
};

interface Creation {
  readonly definition: AutomationDefinition;
  readonly agent_id: string;
  readonly approval_id: string | undefined;
}

/** The place is taken before the automation is stored: two creations at once cannot both take the last one. */
const createAsAgent = async (options: GovernedOptions, context: CallContext, { definition, agent_id, approval_id }: Creation): Promise<Result<Stored>> => {
  const { automation_id } = definition;
  const { tenant, ancestors = [] } = context;
  // One that is there is answered, or refused, without a place.
  if ((await liveOf(options, context, automation_id)) !== undefined) return await storeNew(options, context, { definition });
  const override = approval_id === undefined ? accepted(true as const) : await consumeApproval(options, { tenant, approval_id, consumed_by: `automation:${automation_id}`, digest: quotaDigest(options.eventing.digest, { agent_id, automation_id }) });
  if (!override.ok) return override;
  const place = { tenant, agent_id, automation_id };
  const registered = await registerCreation(options, { ...place, depth: ancestors.length, override_approval_id: approval_id, context });
  if (!registered.ok) return registered;
  const created = await storeNew(options, context, { definition, expires_at_ms: expiryOf(await readLimits(options, tenant), options.eventing.clock()) });
  if (!created.ok) await releaseUnused(options, place);
  return created;
};

export interface GovernedCreation {
  readonly definition: Json;
  /** Of a quota override. */
  readonly approval_id?: string | undefined;
}

/** Stores a new automation; of an agent within its limits, and held until a person allows its definition. */
export const createGoverned = async (options: GovernedOptions, context: CallContext, { definition: raw, approval_id }: GovernedCreation): Promise<Result<Stored>> => {
  const definition = readDefinition(raw, options.evaluator);
  if (!definition.ok) return definition;
  const attempt: Attempt = { action: 'create', resource_kind: 'automation', resource_id: definition.value.automation_id };
  return await governed(options, context, {
    attempt,
    command: async () => {
      const { actor } = context;
      if (actor.kind !== 'agent') return await storeNew(options, context, { definition: definition.value });
      if (actor.actor_id === undefined) return refused('AUTOMATION_V2_AGENT_ID_REQUIRED', 'an agent has to say which one it is');
      return await createAsAgent(options, context, { definition: definition.value, agent_id: actor.actor_id, approval_id });
    },
  });
};

/** What an agent deletes takes no place of it any more. */
export const releaseDeleted = async (options: GovernedOptions, context: CallContext, { automation_id, command }: { readonly automation_id: string; readonly command: () => Promise<Result<Stored>> }): Promise<Result<Stored>> => {
  const creator = (await liveOf(options, context, automation_id))?.governance?.provenance?.creator.actor_id;
  const result = await command();
  if (result.ok && creator !== undefined) await releasePlace(options, { tenant: context.tenant, agent_id: creator, automation_id, reason: 'deleted' });
  return result;
};

interface Launch extends RunRequest {
  readonly approval_id?: string | undefined;
}

const mayLaunch = async (options: GovernedOptions, context: CallContext, automation_id: string): Promise<Result<string>> => {
  const live = await liveOf(options, context, automation_id);
  if (live === undefined) return refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
  const problem = mutationProblem(live, { actor: context.actor, destructive: false, at_ms: options.eventing.clock() });
  // Whose automation it is matters for changes; whether it starts, a person said.
  return problem === undefined || problem.code === 'AUTOMATION_V2_MODIFY_FORBIDDEN' ? accepted(live.definition_hash) : { ok: false, refusal: problem };
};

/** An approval of a launch that this agent asked for. */
const launchApproval = async ({ eventing }: GovernedOptions, { tenant, actor }: CallContext, approval_id: string): Promise<Result<GovernanceApproval>> => {
  const { state } = await loadApproval(eventing.store, approvalRef(tenant, approval_id));
  const isOwn = state?.approval_type === 'launch' && state.requested_by.actor_id === actor.actor_id && state.tenant_context.deployment_id === tenant.deployment_id;
  return isOwn ? accepted(state) : refused('GOVERNANCE_APPROVAL_NOT_FOUND', `there is no approval "${approval_id}" for a launch by this agent`, { approval_id });
};

/** The approval is used up for one run, whose id follows from it: asked again, it is the same run. */
const launchAsAgent = async (options: GovernedOptions, context: CallContext, { approval_id, ...request }: Launch & { readonly approval_id: string }): Promise<Result<Requested>> => {
  const { digest } = options.eventing;
  const approval = await launchApproval(options, context, approval_id);
  if (!approval.ok) return approval;
  const run_id = runIdFrom(digest(JSON.stringify(['launch', context.tenant.org_id, context.tenant.workspace_id, approval_id])));
  const allowed = await mayLaunch(options, context, request.automation_id);
  if (!allowed.ok) return allowed;
  // What was started with it stays what it was, also when the automation has changed since.
  const definition_hash = (approval.value.status === 'consumed' ? approval.value.binding.definition_hash : undefined) ?? allowed.value;
  const used = await consumeApproval(options, { tenant: context.tenant, approval_id, consumed_by: run_id, digest: launchDigest(digest, { ...request, definition_hash }) });
  return used.ok ? await requestRun(options, context, { ...request, run_id, definition_hash }) : used;
};

/** Starts a run; for an agent only with an approval of exactly that, once. */
export const launchGoverned = (options: GovernedOptions, context: CallContext, { approval_id, ...request }: Launch): Promise<Result<Requested>> =>
  governed<Requested>(options, context, {
    attempt: { action: 'run_now', resource_kind: 'automation', resource_id: request.automation_id },
    command: async () => {
      if (context.actor.kind !== 'agent') return await requestRun(options, context, request);
      if (approval_id === undefined) return refused('AUTOMATION_V2_LAUNCH_APPROVAL_REQUIRED', 'an agent starts a run only with an approval of a person', { automationID: request.automation_id });
      return await launchAsAgent(options, context, { ...request, approval_id });
    },
  });
