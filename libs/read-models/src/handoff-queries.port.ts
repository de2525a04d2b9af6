import type { DueSchedule, DueScheduleRange, HandoffRecord, HandoffStatus, WatchTarget, WatchTargetRange } from '@cs/contracts';
import type { TenantKey } from './tenant-key.js';

/** Handoffs of one status that are shown of an automation (domain 2.6). */
export const handoffsShown = 512;

export interface HandoffFilter {
  readonly automation_id: string;
  readonly source_automation_id?: string | undefined;
  readonly artifact_type?: string | undefined;
  /** The last of the page before. */
  readonly after?: Pick<HandoffRecord, 'created_at_ms' | 'handoff_id'> | undefined;
  readonly limit: number;
}

/** Reads handoffs and schedules. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface HandoffQueries {
  /** Handoffs for an automation, oldest first: of those that wait the oldest `handoffsShown`, of the archived ones the newest. */
  handoffs(tenant: TenantKey, automationId: string): Promise<Readonly<Record<HandoffStatus, readonly HandoffRecord[]>>>;
  /** Approved ones, oldest first. */
  availableHandoffs(tenant: TenantKey, filter: HandoffFilter): Promise<readonly HandoffRecord[]>;
  /** Active automations of every tenant with watch conditions and approved handoffs, the longest waiting first. */
  watchTargets(range: WatchTargetRange): Promise<readonly WatchTarget[]>;
  /** Schedules of every tenant that should have fired, the longest overdue first. */
  dueSchedules(range: DueScheduleRange): Promise<readonly DueSchedule[]>;
}
