import type { StoredCommit } from '@cs/eventing';
import type { ScheduleRow } from './row-changes.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf } from './typed-events.js';

/** The schedule of an automation after each event of a commit. */
export const projectSchedules = (stored: StoredCommit): readonly ScheduleRow[] =>
  eventsOf('schedule', stored).map((event): ScheduleRow => {
    const { automation_id, tenant_context } = event.data;
    const isDisarmed = event.event_type === 'schedule_disarmed';
    return {
      ...tenantKey(tenant_context), automation_id, status: isDisarmed ? 'disarmed' : 'armed',
      next_fire_at_ms: isDisarmed ? null : (event.data.next_fire_at_ms ?? null),
      last_fired_at_ms: event.event_type === 'schedule_fired' ? event.data.fired_at_ms : null,
      position: stored.position,
    };
  });

export const mergeSchedules = (before: ScheduleRow, after: ScheduleRow): ScheduleRow => ({ ...after, last_fired_at_ms: after.last_fired_at_ms ?? before.last_fired_at_ms });
