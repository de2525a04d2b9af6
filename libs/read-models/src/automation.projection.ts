import { viewersOf } from '@cs/automation-domain';
import type { StoredCommit } from '@cs/eventing';
import type { AutomationRow, DefinitionRow } from './row-changes.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

type Stored = Extract<RecordedIn<'automation'>, { readonly data: { readonly definition_version: string } }>;
/** It says what the automation is now; the others say what governs it. */
const isStored = (event: RecordedIn<'automation'>): event is Stored => 'definition_version' in event.data;

/** The automation after a commit; its definition stands in a row of its own, under its hash. */
export const projectAutomation = (stored: StoredCommit): readonly AutomationRow[] =>
  eventsOf('automation', stored).flatMap((event) => (isStored(event) ? [event] : [])).map(({ event_type, data, recorded_at_ms }) => ({
    ...tenantKey(data.tenant_context), automation_id: data.automation_id, name: data.name, status: event_type === 'automation_deleted' ? 'deleted' : data.status,
    definition_version: data.definition_version, definition_hash: data.definition_hash, tenant_context: data.tenant_context, viewers: viewersOf(data.resource_access),
    owner: data.resource_access?.owner_principal ?? null, created_at_ms: recorded_at_ms, updated_at_ms: recorded_at_ms, position: stored.position,
  }));

/** The newer row of an automation, with the time at which it was first seen. */
export const mergeAutomations = (before: AutomationRow, after: AutomationRow): AutomationRow => ({
  ...after, created_at_ms: Math.min(before.created_at_ms, after.created_at_ms),
});

export const projectDefinition = (stored: StoredCommit): readonly DefinitionRow[] =>
  eventsOf('definition', stored).map(({ data }) => ({
    org_id: stored.ref.org_id, workspace_id: stored.ref.workspace_id, definition_hash: data.definition_hash, definition: data.definition, position: stored.position,
  }));
