import type { AutomationDefinition, CallContext, Run } from '@cs/contracts';
import { loadAggregate, type EventStore } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import { automationAggregate } from './automation.aggregate.js';
import type { DefinitionLibrary } from './definition-library.js';
import { mayChange, maySee } from './resource-access.js';

export interface AccessOptions {
  readonly eventing: { readonly store: EventStore };
  readonly definitions: Pick<DefinitionLibrary, 'get'>;
}

/** What a caller wants with an automation or a run of it: to read it, or to change something. */
export type AccessRight = 'view' | 'change';

const rules = { view: maySee, change: mayChange } as const;

/** The definition that an automation has, or had when it was deleted: what its owner left decides on. */
const lastDefinition = async ({ eventing, definitions }: AccessOptions, { tenant }: CallContext, automation_id: string): Promise<AutomationDefinition | undefined> => {
  const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'automation', id: automation_id } as const;
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, ref);
  return state === undefined || state.tenant_context.deployment_id !== tenant.deployment_id ? undefined : await definitions.get(tenant, state.definition_hash);
};

/** Whether a caller may. Looks nothing up for a caller that no assertion vouches for: it is not restricted (domain 1.5). */
export const automationAccess = async (options: AccessOptions, context: CallContext, { automation_id, right }: { readonly automation_id: string; readonly right: AccessRight }): Promise<Result<true>> => {
  if (context.verified === undefined) return accepted(true);
  const definition = await lastDefinition(options, context, automation_id);
  if (definition === undefined) return refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
  const allowed = rules[right](definition, context);
  return allowed.ok ? accepted(true) : allowed;
};

/** As `automationAccess`, for a run: its automation decides, or the run's own definition where there is none. */
export const runAccess = async (options: AccessOptions, context: CallContext, { run, right }: { readonly run: Run; readonly right: AccessRight }): Promise<Result<true>> => {
  if (context.verified === undefined) return accepted(true);
  const definition = (await lastDefinition(options, context, run.automation_id)) ?? (await options.definitions.get(context.tenant, run.workflow_definition_snapshot_hash));
  const allowed = rules[right](definition, context);
  if (allowed.ok) return accepted(true);
  return allowed.refusal.code === 'AUTOMATION_V2_NOT_FOUND' ? refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run.run_id}"`, { runID: run.run_id }) : allowed;
};
