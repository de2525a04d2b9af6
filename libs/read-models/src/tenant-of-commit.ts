import type { RunState } from '@cs/automation-domain';
import type { TenantContext } from '@cs/contracts';
import type { LogEntry, StoredCommit } from '@cs/eventing';
import { runNamedBy, type ProjectionMemory } from './projection-memory.js';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf } from './typed-events.js';

/** Without its run, a commit belongs to the workspace. */
export const tenantOfRun = (run: RunState, ref: LogEntry['ref']): TenantKey =>
  run === undefined ? { org_id: ref.org_id, workspace_id: ref.workspace_id, deployment_id: '' } : tenantKey(run.tenant_context);

/** The tenant of what belongs to a run, as far as that run is known. */
export const tenantOfNamedRun = (entry: LogEntry, memory: ProjectionMemory): TenantKey => {
  const key = runNamedBy(entry);
  return tenantOfRun(key && memory.run(key)?.state, entry.ref);
};

/** The tenant that a commit's own events name. */
export const tenantOfData = (stored: StoredCommit): TenantKey | undefined => {
  const data = stored.commit.events[0]?.data as { readonly tenant_context?: TenantContext } | undefined;
  return data?.tenant_context && tenantKey(data.tenant_context);
};

/** An interaction names its tenant in its first event. */
export const tenantOfInteraction = (stored: StoredCommit): TenantKey | undefined => {
  const [event] = eventsOf('channel_interaction', stored);
  if (event?.event_type === 'channel_interaction_received') return tenantKey(event.data.interaction.tenant_context);
  return event?.event_type === 'channel_interaction_refused' ? tenantKey(event.data.tenant_context) : undefined;
};
