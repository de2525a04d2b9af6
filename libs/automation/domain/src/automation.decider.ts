import { accept, refuse, type Decision } from '@cs/kernel';
import type { AutomationEvent, GovernanceActor, TenantContext } from '@cs/contracts';

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
}
/** An automation by reference to its definition, or `undefined` before it exists. */
export type AutomationState = StoredAutomation | undefined;

export interface StoreAutomation {
  readonly type: 'create' | 'update';
  readonly stored: Omit<StoredAutomation, 'created_at_ms' | 'updated_at_ms'>;
}

type Refused = { readonly code: 'AUTOMATION_V2_ALREADY_EXISTS' | 'AUTOMATION_V2_NOT_FOUND'; readonly message: string; readonly details: { readonly automationID: string } };

/** Storing the definition that is there already changes nothing; creating over another one is refused. */
export const decideAutomation = ({ type, stored }: StoreAutomation, state: AutomationState): Decision<AutomationEvent, Refused> => {
  const details = { automationID: stored.automation_id };
  if (state?.definition_hash === stored.definition_hash) return accept();
  if (type === 'create' && state !== undefined) {
    return refuse({ code: 'AUTOMATION_V2_ALREADY_EXISTS', message: `automation "${stored.automation_id}" exists with another definition`, details });
  }
  if (type === 'update' && state === undefined) {
    return refuse({ code: 'AUTOMATION_V2_NOT_FOUND', message: `there is no automation "${stored.automation_id}"`, details });
  }
  return accept({ event_type: type === 'create' ? 'automation_created' : 'automation_updated', data: stored });
};

export const evolveAutomation = (state: AutomationState, event: AutomationEvent & { readonly recorded_at_ms: number }): AutomationState => ({
  ...event.data,
  created_at_ms: state?.created_at_ms ?? event.recorded_at_ms,
  updated_at_ms: event.recorded_at_ms,
});
