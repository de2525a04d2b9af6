import type { Schedule, TenantContext } from '@cs/contracts';

interface Common {
  readonly automation_id: string;
  readonly tenant_context: TenantContext;
  /** When it last created runs, and which. */
  readonly last_fired_at_ms?: number | undefined;
  readonly last_run_ids?: readonly string[] | undefined;
}

export interface ArmedSchedule extends Common {
  readonly status: 'armed';
  readonly schedule: Schedule;
  readonly definition_hash: string;
  /** Absent when no fire time comes any more. */
  readonly next_fire_at_ms?: number | undefined;
}

export interface DisarmedSchedule extends Common {
  readonly status: 'disarmed';
}

/** The schedule of an automation, or `undefined` while it never had one. */
export type ScheduleState = ArmedSchedule | DisarmedSchedule | undefined;
