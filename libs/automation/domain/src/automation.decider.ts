import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { AutomationEvent, AutomationVersion, GovernanceActor, PrincipalRef, TenantContext, Visibility } from '@cs/contracts';
import { withVersion } from './automation-versions.js';
import { evolveGovernance, governanceAfterStore, isApproved, isGovernanceEvent, launchHold, type AutomationGovernance, type StoredEvent } from './governance/automation-governance.js';
import { mutationProblem, type MutationCode } from './governance/mutation-check.js';

interface StoredAutomation {
  readonly automation_id: string;
  readonly tenant_context: TenantContext;
  readonly name: string;
  /** `deleted`: it is not there for anybody, and its id may be used again. */
  readonly status: 'active' | 'paused' | 'draft' | 'deleted';
  /** It was paused, or held by what governs it, when it was deleted: runs of it that were held stay held. */
  readonly deleted_paused?: boolean;
  readonly definition_version: string;
  readonly definition_hash: string;
  readonly changed_by: GovernanceActor;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  /** Its definitions by version, newest last; bounded. */
  readonly versions: readonly AutomationVersion[];
  /** Absent: a person made it, and nobody has governed it. */
  readonly governance?: AutomationGovernance | undefined;
}
/** An automation by reference to its definition, or `undefined` before it exists. */
export type AutomationState = StoredAutomation | undefined;

type StoredData = Extract<AutomationEvent, { event_type: 'automation_created' }>['data'];

interface Change {
  readonly stored: StoredData;
  /** Hash of the definition that a change was made from; when it is no longer the one that is stored, others changed it. */
  readonly replaces?: string;
}
export type StoreAutomation = Change &
  (
    | { readonly type: 'create' }
    | { readonly type: 'update' | 'resume' | 'delete' }
    | { readonly type: 'pause'; readonly reason: string }
    | { readonly type: 'share'; readonly visibility: Visibility; readonly audience_principals: readonly PrincipalRef[] }
  );

type Refused = Refusal<'AUTOMATION_V2_ALREADY_EXISTS' | 'AUTOMATION_V2_NOT_FOUND' | 'CONCURRENT_CHANGE' | MutationCode>;

type Decided = Decision<AutomationEvent, Refused>;

/** An automation as its deployment sees it; `undefined` when it is not there for it. */
export const liveAutomation = (state: AutomationState, deployment_id: string | undefined): LiveAutomation | undefined =>
  state === undefined || state.status === 'deleted' || state.tenant_context.deployment_id !== deployment_id ? undefined : (state as LiveAutomation);
export type LiveAutomation = StoredAutomation & { readonly status: 'active' | 'paused' | 'draft' };

const decideCreate = ({ stored }: Change, state: AutomationState, isOwn: boolean): Decided => {
  if (state === undefined || (isOwn && state.status === 'deleted')) return accept({ event_type: 'automation_created', data: stored });
  if (isOwn && state.definition_hash === stored.definition_hash) return accept();
  return refuse({
    code: 'AUTOMATION_V2_ALREADY_EXISTS', message: `automation "${stored.automation_id}" exists with another definition`,
    details: { automationID: stored.automation_id },
  });
};

const changed = (command: Exclude<StoreAutomation, { type: 'create' }>): AutomationEvent => {
  const { stored } = command;
  switch (command.type) {
    case 'update': return { event_type: 'automation_updated', data: stored };
    case 'resume': return { event_type: 'automation_resumed', data: stored };
    case 'delete': return { event_type: 'automation_deleted', data: stored };
    case 'pause': return { event_type: 'automation_paused', data: { ...stored, reason: command.reason } };
    case 'share': return { event_type: 'automation_shared', data: { ...stored, visibility: command.visibility, audience_principals: command.audience_principals } };
  }
};

const decideChange = (command: Exclude<StoreAutomation, { type: 'create' }>, state: AutomationState, at_ms: number): Decided => {
  const { stored, replaces } = command;
  const details = { automationID: stored.automation_id };
  const live = liveAutomation(state, stored.tenant_context.deployment_id);
  if (live === undefined) return refuse({ code: 'AUTOMATION_V2_NOT_FOUND', message: `there is no automation "${stored.automation_id}"`, details });
  const problem = mutationProblem(live, { actor: stored.changed_by, destructive: command.type === 'delete', at_ms });
  if (problem !== undefined) return refuse(problem);
  if (command.type !== 'delete' && live.definition_hash === stored.definition_hash) return accept();
  if (replaces !== undefined && replaces !== live.definition_hash) {
    return refuse({ code: 'CONCURRENT_CHANGE', message: `automation "${stored.automation_id}" was changed by others meanwhile`, details });
  }
  return accept(changed(command));
};

/**
 * Storing the definition that is there already changes nothing; creating over another one is refused.
 * The id of a deleted one may be used again: what is created then has nothing of what was there.
 * An automation of another deployment of the workspace is not there for this one, but its id is taken.
 * What an agent may change is judged here too, so that no change slips past what forbids it.
 */
export const decideAutomation = (command: StoreAutomation, state: AutomationState, at_ms = 0): Decided => {
  const isOwn = state?.tenant_context.deployment_id === command.stored.tenant_context.deployment_id;
  return command.type === 'create' ? decideCreate(command, state, isOwn) : decideChange(command, state, at_ms);
};

const dataOf = ({ data }: StoredEvent): Omit<StoredAutomation, 'created_at_ms' | 'updated_at_ms' | 'versions'> => {
  const { automation_id, tenant_context, name, status, definition_version, definition_hash, changed_by } = data;
  return { automation_id, tenant_context, name, status, definition_version, definition_hash, changed_by };
};

/** No run of it starts now, although it is active; time alone may hold it too, which the launch finds out. */
export const isHeldByGovernance = ({ governance, definition_hash }: Pick<StoredAutomation, 'governance' | 'definition_hash'>): boolean => launchHold(governance, 0) !== undefined || !isApproved(governance, definition_hash);

const deleted = (after: Omit<StoredAutomation, 'created_at_ms' | 'updated_at_ms' | 'versions'>): Pick<StoredAutomation, 'status' | 'deleted_paused'> => ({
  status: 'deleted', ...(after.status === 'paused' || isHeldByGovernance(after) ? { deleted_paused: true } : {}),
});

const governedDataOf = (event: StoredEvent, before: AutomationState): ReturnType<typeof dataOf> => {
  const governance = governanceAfterStore(before, event);
  return { ...dataOf(event), ...(governance === undefined ? {} : { governance }) };
};

const evolveStored = (state: AutomationState, event: StoredEvent & { readonly recorded_at_ms: number }): AutomationState => {
  const before = state?.status === 'deleted' ? undefined : state;
  const data = governedDataOf(event, before);
  return {
    ...data, ...(event.event_type === 'automation_deleted' ? deleted(data) : {}),
    created_at_ms: before?.created_at_ms ?? event.recorded_at_ms, updated_at_ms: event.recorded_at_ms,
    versions: withVersion(before?.versions ?? [], { version: data.definition_version, hash: data.definition_hash, stored_at_ms: event.recorded_at_ms }),
  };
};

export const evolveAutomation = (state: AutomationState, event: AutomationEvent & { readonly recorded_at_ms: number }): AutomationState => {
  if (!isGovernanceEvent(event)) return evolveStored(state, event);
  return state && { ...state, governance: evolveGovernance(state.governance, event) };
};

/** Last token of the subjects of an automation's commits. */
export const automationStatus = (state: AutomationState): string => {
  if (state === undefined) return 'absent';
  if (state.deleted_paused === true) return 'deleted_paused';
  return state.status === 'active' && isHeldByGovernance(state) ? 'held' : state.status;
};

/** Runs of an automation with such a status are not claimed (W28). */
export const holdsRuns = (status: string): boolean => status === 'paused' || status === 'deleted_paused' || status === 'held';

/** Schedules and watch conditions of such an automation start runs. */
export const startsRuns = (state: AutomationState): boolean => automationStatus(state) === 'active';
