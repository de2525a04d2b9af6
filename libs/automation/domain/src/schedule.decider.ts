import type { MisfirePolicy, Schedule, ScheduleEvent, TenantContext } from '@cs/contracts';
import { accept, assertNever, type Decision } from '@cs/kernel';
import type { ArmedSchedule, ScheduleState } from './schedule.state.js';

/**
 * A fire time that is the only one due and no older than this was not missed, only handled a little
 * late (a restart, a lost timer that the sweep found): it fires whatever the misfire policy says.
 */
export const onTimeMs = 30_000;

/** What of a schedule has come due, as computed for `next_fire_at_ms` and now. */
export interface DueFires {
  /** Fire times up to now; cron counts at most `maxCountedFires`. */
  readonly count: number;
  /** The first of them, oldest first: as many as any policy can ask for. */
  readonly times_ms: readonly number[];
  /** The first fire time after now; of an interval, aligned to the ones before. */
  readonly next_fire_at_ms?: number | undefined;
}

/** Sets the schedule of an active automation. An unchanged schedule keeps its next fire time. */
export interface ArmSchedule {
  readonly type: 'arm';
  readonly automation_id: string;
  readonly tenant_context: TenantContext;
  readonly schedule: Schedule;
  readonly definition_hash: string;
  readonly first_fire_at_ms?: number | undefined;
}

export interface DisarmSchedule { readonly type: 'disarm'; readonly reason: string }

/** Handles a fire time that has come. Repeating it, or sending it early, changes nothing. */
export interface FireSchedule {
  readonly type: 'fire';
  readonly at_ms: number;
  readonly due: DueFires;
  /** One for each of `due.times_ms`. */
  readonly run_ids: readonly string[];
  /** The automation as it is now; absent when it is not active. */
  readonly automation?: { readonly definition_hash: string; readonly definition_version: string } | undefined;
  /** A run of the automation that is queued or running. */
  readonly active_run_id?: string | undefined;
}

export type ScheduleCommand = ArmSchedule | DisarmSchedule | FireSchedule;
type Decided = Decision<ScheduleEvent, never>;

/** What decides when a schedule fires; what happens with missed times does not. */
const timingOf = (schedule: Schedule): string => {
  switch (schedule.type) {
    case 'manual': return 'manual';
    case 'interval': return `interval ${schedule.interval_seconds}`;
    case 'cron': return `cron ${schedule.timezone} ${schedule.cron_expression}`;
    default: return assertNever(schedule);
  }
};

const arm = ({ type: _type, first_fire_at_ms, ...armed }: ArmSchedule, state: ScheduleState): Decided => {
  if (state?.status === 'armed' && state.definition_hash === armed.definition_hash) return accept();
  const keeps = state?.status === 'armed' && timingOf(state.schedule) === timingOf(armed.schedule);
  return accept({ event_type: 'schedule_armed', data: { ...armed, next_fire_at_ms: keeps ? state.next_fire_at_ms : first_fire_at_ms } });
};

const disarm = ({ reason }: DisarmSchedule, state: ScheduleState): Decided =>
  state?.status === 'armed'
    ? accept({ event_type: 'schedule_disarmed', data: { automation_id: state.automation_id, tenant_context: state.tenant_context, reason } })
    : accept();

/** Runs that a policy creates for fire times that were missed (domain 2.2). */
const runsAfterMisfire = (policy: MisfirePolicy, count: number): number => {
  switch (policy.type) {
    case 'skip': return 0;
    case 'run_once': return 1;
    case 'catch_up': return Math.min(count, policy.max_runs);
    default: return assertNever(policy);
  }
};

const skipReason = ({ automation, active_run_id }: FireSchedule, runs: number): 'automation_not_active' | 'active_run' | 'misfire_skip' | undefined => {
  if (automation === undefined) return 'automation_not_active';
  if (active_run_id !== undefined) return 'active_run';
  return runs === 0 ? 'misfire_skip' : undefined;
};

interface Firing {
  readonly state: ArmedSchedule;
  readonly due_at_ms: number;
  readonly policy: MisfirePolicy;
}

const fireDue = (command: FireSchedule, { state, due_at_ms, policy }: Firing): Decided => {
  const { at_ms, due, run_ids, automation, active_run_id } = command;
  const isOnTime = due.count === 1 && at_ms - due_at_ms <= onTimeMs;
  const runs = isOnTime ? 1 : runsAfterMisfire(policy, due.count);
  const common = {
    automation_id: state.automation_id, tenant_context: state.tenant_context, due_at_ms, policy, missed: isOnTime ? 0 : due.count, next_fire_at_ms: due.next_fire_at_ms,
  };
  const reason = skipReason(command, runs);
  if (automation === undefined || reason !== undefined) {
    return accept({ event_type: 'schedule_skipped', data: { ...common, reason: reason ?? 'automation_not_active', ...(reason === 'active_run' ? { active_run_id } : {}) } });
  }
  const { definition_hash, definition_version } = automation;
  return accept({
    event_type: 'schedule_fired',
    data: { ...common, fired_at_ms: at_ms, run_ids: run_ids.slice(0, runs), due_times_ms: due.times_ms.slice(0, runs), definition_hash, definition_version },
  });
};

const fire = (command: FireSchedule, state: ScheduleState): Decided => {
  if (state?.status !== 'armed' || state.schedule.type === 'manual') return accept();
  const { next_fire_at_ms: due_at_ms, schedule } = state;
  return due_at_ms === undefined || due_at_ms > command.at_ms ? accept() : fireDue(command, { state, due_at_ms, policy: schedule.misfire_policy });
};

/** Judges a command against the schedule of an automation. Nothing is refused: what does not apply changes nothing. */
export const decideSchedule = (command: ScheduleCommand, state: ScheduleState): Decided => {
  switch (command.type) {
    case 'arm': return arm(command, state);
    case 'disarm': return disarm(command, state);
    case 'fire': return fire(command, state);
    default: return assertNever(command);
  }
};

const lastOf = (state: ScheduleState) => ({ last_fired_at_ms: state?.last_fired_at_ms, last_run_ids: state?.last_run_ids });

/** A fire time has passed: the next one is what counts. */
const passed = (state: ScheduleState, { next_fire_at_ms }: { readonly next_fire_at_ms?: number | undefined }, fired: Partial<ArmedSchedule> = {}): ScheduleState =>
  state?.status === 'armed' ? { ...state, next_fire_at_ms, ...fired } : state;

/** Folds one recorded event. */
export const evolveSchedule = (state: ScheduleState, event: ScheduleEvent): ScheduleState => {
  const { automation_id, tenant_context } = event.data;
  switch (event.event_type) {
    case 'schedule_armed': return { ...lastOf(state), status: 'armed', ...event.data };
    case 'schedule_disarmed': return { ...lastOf(state), status: 'disarmed', automation_id, tenant_context };
    case 'schedule_fired': return passed(state, event.data, { last_fired_at_ms: event.data.fired_at_ms, last_run_ids: event.data.run_ids });
    case 'schedule_skipped': return passed(state, event.data);
    default: return assertNever(event);
  }
};
