import type { StoredCommit } from '@cs/eventing';
import { assertNever } from '@cs/kernel';
import type { HandoffRow } from './row-changes.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

const unknown = { source_automation_id: null, artifact_type: null, created_at_ms: null, artifact: null, consumed_by_run_id: null, consumed_by_automation_id: null, consumed_at_ms: null };

const rowOf = (event: RecordedIn<'handoff'>, position: number): HandoffRow => {
  const tenant = tenantKey(event.data.tenant_context);
  if (event.event_type === 'handoff_deposited') {
    const { handoff, status } = event.data;
    const { handoff_id, target_automation_id, source_automation_id = null, artifact_type, created_at_ms } = handoff;
    return { ...unknown, ...tenant, handoff_id, target_automation_id, status, source_automation_id, artifact_type, created_at_ms, artifact: handoff, position };
  }
  const { handoff_id, target_automation_id } = event.data;
  const known = { ...unknown, ...tenant, handoff_id, target_automation_id, position };
  switch (event.event_type) {
    case 'handoff_approved': return { ...known, status: 'approved' };
    case 'handoff_consumed': {
      const { consumed_by_run_id, consumed_by_automation_id } = event.data;
      return { ...known, status: 'archived', consumed_by_run_id, consumed_by_automation_id, consumed_at_ms: event.recorded_at_ms };
    }
    default: return assertNever(event);
  }
};

/** A handoff after each event of a commit. */
export const projectHandoffs = (stored: StoredCommit): readonly HandoffRow[] => eventsOf('handoff', stored).map((event) => rowOf(event, stored.position));

export const mergeHandoffs = (before: HandoffRow, after: HandoffRow): HandoffRow => ({
  ...after, source_automation_id: after.source_automation_id ?? before.source_automation_id, artifact_type: after.artifact_type ?? before.artifact_type,
  created_at_ms: after.created_at_ms ?? before.created_at_ms, artifact: after.artifact ?? before.artifact,
});
