import { accept, refuse, type Decision } from '@cs/kernel';
import type { AutomationEvent, AutomationVersion, GovernanceActor, TenantContext } from '@cs/contracts';
import { withVersion } from './automation-versions.js';

interface StoredAutomation {
  readonly automation_id: string;
  readonly tenant_context: TenantContext;
  readonly name: string;
  readonly status: 'active' | 'paused' | 'draft';
  readonly definition_version: string;
  readonly definition_hash: string;
  readonly changed_by: GovernanceActor;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  /** Its definitions by version, newest last; bounded. */
  readonly versions: readonly AutomationVersion[];
}
/** An automation by reference to its definition, or `undefined` before it exists. */
export type AutomationState = StoredAutomation | undefined;

export interface StoreAutomation {
  readonly type: 'create' | 'update';
  readonly stored: Omit<StoredAutomation, 'created_at_ms' | 'updated_at_ms' | 'versions'>;
  /** Hash of the definition that an update was made from; when it is no longer the one that is stored, others changed it. */
  readonly replaces?: string;
}

type Refused = { readonly code: 'AUTOMATION_V2_ALREADY_EXISTS' | 'AUTOMATION_V2_NOT_FOUND' | 'CONCURRENT_CHANGE'; readonly message: string; readonly details: { readonly automationID: string } };

type Decided = Decision<AutomationEvent, Refused>;

const decideCreate = ({ stored }: StoreAutomation, state: AutomationState, isOwn: boolean): Decided => {
  if (state === undefined) return accept({ event_type: 'automation_created', data: stored });
  if (isOwn && state.definition_hash === stored.definition_hash) return accept();
  return refuse({
    code: 'AUTOMATION_V2_ALREADY_EXISTS', message: `automation "${stored.automation_id}" exists with another definition`,
    details: { automationID: stored.automation_id },
  });
};

const decideUpdate = ({ stored, replaces }: StoreAutomation, state: AutomationState, isOwn: boolean): Decided => {
  const details = { automationID: stored.automation_id };
  if (state === undefined || !isOwn) return refuse({ code: 'AUTOMATION_V2_NOT_FOUND', message: `there is no automation "${stored.automation_id}"`, details });
  if (state.definition_hash === stored.definition_hash) return accept();
  if (replaces !== undefined && replaces !== state.definition_hash) {
    return refuse({ code: 'CONCURRENT_CHANGE', message: `automation "${stored.automation_id}" was changed by others meanwhile`, details });
  }
  return accept({ event_type: 'automation_updated', data: stored });
};

/**
 * Storing the definition that is there already changes nothing; creating over another one is refused.
 * An automation of another deployment of the workspace is not there for this one, but its id is taken.
 */
export const decideAutomation = (command: StoreAutomation, state: AutomationState): Decided => {
  const isOwn = state?.tenant_context.deployment_id === command.stored.tenant_context.deployment_id;
  return command.type === 'create' ? decideCreate(command, state, isOwn) : decideUpdate(command, state, isOwn);
};

export const evolveAutomation = (state: AutomationState, event: AutomationEvent & { readonly recorded_at_ms: number }): AutomationState => ({
  ...event.data,
  created_at_ms: state?.created_at_ms ?? event.recorded_at_ms,
  updated_at_ms: event.recorded_at_ms,
  versions: withVersion(state?.versions ?? [], { version: event.data.definition_version, hash: event.data.definition_hash, stored_at_ms: event.recorded_at_ms }),
});
