import { governAutomation, launchHoldOf, liveAutomation, ungoverned, type AutomationState, type GovernAutomation, type GovernRefusal, type LiveAutomation } from '@cs/automation-domain';
import type { AutomationEvent, AutomationGovernanceRecord, CallContext, Grant } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import { accepted, definedMembers, refused, type Result } from '@cs/kernel';
import { automationAccess } from '../access-check.js';
import { automationAggregate } from '../automation.aggregate.js';
import { automationRefIn } from './agent-creation.js';
import { audited, type Attempt } from './audited-denial.js';
import type { GovernanceOptions } from './governance-approvals.command-handlers.js';

export interface Governed {
  readonly governance: AutomationGovernanceRecord;
  readonly position: number;
}

const viewOf = ({ automation_id, status, definition_hash, governance = ungoverned }: LiveAutomation, at_ms: number): AutomationGovernanceRecord => ({
  automation_id, status, definition_hash, declared_capabilities: governance.capabilities, approved_definitions: governance.approved, grants: governance.grants, launches_since_review: governance.launches,
  ...definedMembers({ provenance: governance.provenance, expires_at_ms: governance.expires_at_ms, hold: launchHoldOf(governance, { definition_hash, at_ms }) }),
});

const notThere = (automation_id: string): Result<never> => refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });

/** What governs an automation, from the log. */
export const readGovernance = async (options: GovernanceOptions, context: CallContext, automation_id: string): Promise<Result<Governed>> => {
  const visible = await automationAccess(options, context, { automation_id, right: 'view' });
  if (!visible.ok) return visible;
  const { state, position } = await loadAggregate({ store: options.eventing.store, aggregate: automationAggregate }, automationRefIn(context.tenant, automation_id));
  const live = liveAutomation(state, context.tenant.deployment_id);
  return live === undefined ? notThere(automation_id) : accepted({ governance: viewOf(live, options.eventing.clock()), position });
};

const needsHuman: Result<never> = refused('GOVERNANCE_REQUIRES_HUMAN', 'only a person may do this');

/** What a person does to what governs an automation: its owner, or an administrator. */
const govern = async (options: GovernanceOptions, context: CallContext, { automation_id, command }: { readonly automation_id: string; readonly command: GovernAutomation }): Promise<Result<Governed>> => {
  if (context.actor.kind !== 'human') return needsHuman;
  const allowed = await automationAccess(options, context, { automation_id, right: 'change' });
  if (!allowed.ok) return allowed;
  const { eventing } = options;
  const result = await executeCommand<AutomationState, AutomationEvent, GovernRefusal>(automationRefIn(context.tenant, automation_id), {
    eventing, aggregate: automationAggregate, context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: automation_id },
    decide: (state, at_ms) => governAutomation(command, state, { automation_id, deployment_id: context.tenant.deployment_id, at_ms }),
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the automation is being changed by others');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  const live = liveAutomation(result.loaded.state, context.tenant.deployment_id);
  return live === undefined ? notThere(automation_id) : accepted({ governance: viewOf(live, eventing.clock()), position: result.loaded.position });
};

const act = async (options: GovernanceOptions, context: CallContext, { automation_id, command }: { readonly automation_id: string; readonly command: GovernAutomation }): Promise<Result<Governed>> => {
  const attempt: Attempt = { action: command.type, resource_kind: 'automation', resource_id: automation_id };
  return await audited(options, context, { attempt, result: await govern(options, context, { automation_id, command }) });
};

interface OfAutomation {
  readonly automation_id: string;
}
const textOf = (text: string | undefined, fallback: string): string => (text === undefined || text.trim() === '' ? fallback : text.trim());

/** No run of the automation starts any more, and agents may not change it. */
export const retireAutomation = (options: GovernanceOptions, context: CallContext, { automation_id, reason }: OfAutomation & { readonly reason?: string | undefined }): Promise<Result<Governed>> =>
  act(options, context, { automation_id, command: { type: 'retire', reason: textOf(reason, 'retired by operator'), changed_by: context.actor } });

export const restoreAutomation = (options: GovernanceOptions, context: CallContext, { automation_id, reason }: OfAutomation & { readonly reason?: string | undefined }): Promise<Result<Governed>> =>
  act(options, context, { automation_id, command: { type: 'restore', reason: textOf(reason, 'restored by operator'), changed_by: context.actor } });

export const extendAutomation = (options: GovernanceOptions, context: CallContext, { automation_id, expires_at_ms }: OfAutomation & { readonly expires_at_ms: number }): Promise<Result<Governed>> =>
  act(options, context, { automation_id, command: { type: 'extend', expires_at_ms, changed_by: context.actor } });

/** A person has looked at what the automation does; its runs count anew, and those that were held go on. */
export const reviewAutomation = (options: GovernanceOptions, context: CallContext, { automation_id, note }: OfAutomation & { readonly note?: string | undefined }): Promise<Result<Governed>> =>
  act(options, context, { automation_id, command: { type: 'review', note: textOf(note, 'reviewed'), reviewed_by: context.actor } });

export interface GrantWanted extends OfAutomation {
  readonly kind: Grant['kind'];
  readonly agent_id?: string | undefined;
  readonly capability?: string | undefined;
  readonly expires_at_ms?: number | undefined;
  readonly command_id?: string | undefined;
}

const lacks = (path: string, message: string): Result<never> => refused('GOVERNANCE_REQUEST_INVALID', `${path} ${message}`, { problems: [{ path, code: 'required', message }] });

const wantedGrant = ({ eventing, newId }: GovernanceOptions, { kind, agent_id, capability, command_id }: GrantWanted): Result<Pick<Grant, 'grant_id'> & { readonly agent_id?: string; readonly capability?: string }> => {
  if (kind === 'capability') return capability === undefined ? lacks('capability', 'names what the automation may use') : accepted({ grant_id: `capability-${capability}`, capability });
  if (agent_id === undefined) return lacks('agent_id', 'names the agent that may change the automation');
  return accepted({ grant_id: `modify-${command_id === undefined ? newId() : eventing.digest(command_id).slice(0, 32)}`, agent_id });
};

/** Lets another agent change the automation, or lets the automation use something. */
export const addGrant = async (options: GovernanceOptions, context: CallContext, wanted: GrantWanted): Promise<Result<Governed>> => {
  const named = wantedGrant(options, wanted);
  if (!named.ok) return named;
  const { automation_id, kind, expires_at_ms } = wanted;
  const grant: Grant = { ...named.value, kind, granted_by: context.actor, granted_at_ms: options.eventing.clock(), ...definedMembers({ expires_at_ms }) };
  return await act(options, context, { automation_id, command: { type: 'grant', grant } });
};

/** Takes a grant back. Where the automation declares to use what it granted, its queued runs are held and those that execute are paused. */
export const revokeGrant = (options: GovernanceOptions, context: CallContext, { automation_id, grant_id, reason }: OfAutomation & { readonly grant_id: string; readonly reason?: string | undefined }): Promise<Result<Governed>> =>
  act(options, context, { automation_id, command: { type: 'revoke_grant', grant_id, reason: textOf(reason, 'revoked by operator'), changed_by: context.actor } });
