import type { MisfirePolicy, Schedule, ScheduleEvent, TenantContext } from '@cs/contracts';
import { decideSchedule, evolveSchedule, onTimeMs, type ArmSchedule, type FireSchedule } from './schedule.decider.js';
import type { ScheduleState } from './schedule.state.js';

const tenant_context: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
const minute = 60_000;
const interval = (misfire_policy: MisfirePolicy, interval_seconds = 60): Schedule => ({ type: 'interval', interval_seconds, timezone: 'UTC', misfire_policy });
const cron = (misfire_policy: MisfirePolicy): Schedule => ({ type: 'cron', cron_expression: '* * * * *', timezone: 'UTC', misfire_policy });
const armCommand = (schedule: Schedule, first_fire_at_ms: number, definition_hash = 'h1'): ArmSchedule => ({ type: 'arm', automation_id: 'a', tenant_context, schedule, definition_hash, first_fire_at_ms });

const events = (command: Parameters<typeof decideSchedule>[0], state: ScheduleState): readonly ScheduleEvent[] => {
  const decision = decideSchedule(command, state);
  return decision.kind === 'accepted' ? decision.events : [];
};
const after = (state: ScheduleState, ...commands: readonly Parameters<typeof decideSchedule>[0][]): ScheduleState =>
  commands.reduce((current, command) => events(command, current).reduce(evolveSchedule, current), state);

/** `count` fire times were due, a minute apart from `first`, and it is `late` ms after the first. */
const fireCommand = (first: number, { count = 1, late = 100, ...rest }: { count?: number; late?: number } & Partial<FireSchedule> = {}): FireSchedule => {
  const times_ms = Array.from({ length: count }, (_none, index) => first + index * minute);
  return {
    type: 'fire', at_ms: first + late, due: { count, times_ms, next_fire_at_ms: first + count * minute }, run_ids: times_ms.map((time) => `run-${time}`),
    automation: { definition_hash: 'h1', definition_version: 'v1' }, ...rest,
  };
};

describe('the misfire table', () => {
  const first = 1_000_000;
  const policies: readonly (readonly [MisfirePolicy, number])[] = [[{ type: 'skip' }, 0], [{ type: 'run_once' }, 1], [{ type: 'catch_up', max_runs: 3 }, 3], [{ type: 'catch_up', max_runs: 100 }, 5]];
  const kinds = [['interval', interval], ['cron', cron]] as const;

  it.each(kinds.flatMap(([kind, schedule]) => policies.map(([policy, runs]) => [kind, policy, runs, schedule(policy)] as const)))(
    '%s, 5 missed, %j: %d runs', (...[, policy, runs, schedule]) => {
      const armed = after(undefined, armCommand(schedule, first));
      const [event] = events(fireCommand(first, { count: 5, late: 4 * minute + 10 }), armed);
      expect(event).toMatchObject({
        event_type: runs === 0 ? 'schedule_skipped' : 'schedule_fired',
        data: { due_at_ms: first, missed: 5, policy, next_fire_at_ms: first + 5 * minute, ...(runs === 0 ? { reason: 'misfire_skip' } : {}) },
      });
      if (event?.event_type === 'schedule_fired') {
        expect(event.data.due_times_ms).toEqual(Array.from({ length: runs }, (_none, index) => first + index * minute));
        expect(event.data.run_ids).toEqual(event.data.due_times_ms.map((time) => `run-${time}`));
      }
    });

  it.each(policies.slice(0, 3))('a single time that was missed for long, %j', (policy) => {
    const armed = after(undefined, armCommand(cron(policy), first));
    const [event] = events(fireCommand(first, { late: onTimeMs + 1 }), armed);
    expect(event?.event_type).toBe(policy.type === 'skip' ? 'schedule_skipped' : 'schedule_fired');
    expect(event?.data).toMatchObject({ missed: 1 });
  });

  it.each(policies)('fires on time whatever the policy is: %j', (policy) => {
    for (const late of [0, onTimeMs]) {
      const armed = after(undefined, armCommand(interval(policy), first));
      expect(events(fireCommand(first, { late }), armed)).toEqual([
        expect.objectContaining({ event_type: 'schedule_fired', data: expect.objectContaining({ missed: 0, run_ids: [`run-${first}`], next_fire_at_ms: first + minute }) as unknown }),
      ]);
    }
  });
});

describe('a schedule', () => {
  const armed = after(undefined, armCommand(interval({ type: 'run_once' }), 1_000_000));

  it('fires a time once: firing again, or early, changes nothing', () => {
    const fired = after(armed, fireCommand(1_000_000));
    expect(fired).toMatchObject({ next_fire_at_ms: 1_060_000, last_fired_at_ms: 1_000_100, last_run_ids: ['run-1000000'] });
    expect(events(fireCommand(1_000_000), fired)).toEqual([]);
    expect(events({ ...fireCommand(1_000_000), at_ms: 999_999 }, armed)).toEqual([]);
    expect(events(fireCommand(1_000_000), undefined)).toEqual([]);
  });

  it('misfires skip automations with queued/running runs: the time is skipped, and the run named', () => {
    expect(events(fireCommand(1_000_000, { active_run_id: 'run-0' }), armed)).toMatchObject([{ event_type: 'schedule_skipped', data: { reason: 'active_run', active_run_id: 'run-0', next_fire_at_ms: 1_060_000 } }]);
  });

  it('skips a time while the automation is not active', () => {
    expect(events(fireCommand(1_000_000, { automation: undefined, active_run_id: 'run-0' }), armed)).toMatchObject([{ event_type: 'schedule_skipped', data: { reason: 'automation_not_active' } }]);
  });

  it('keeps its next time when the automation changes and its times do not', () => {
    const changed = after(armed, armCommand(interval({ type: 'skip' }), 5_000_000, 'h2'));
    expect(changed).toMatchObject({ next_fire_at_ms: 1_000_000, definition_hash: 'h2', schedule: { misfire_policy: { type: 'skip' } } });
    expect(after(armed, armCommand(interval({ type: 'run_once' }, 30), 5_000_000, 'h2'))).toMatchObject({ next_fire_at_ms: 5_000_000 });
  });

  it('is armed once, and disarmed once', () => {
    expect(events(armCommand(interval({ type: 'run_once' }), 5_000_000), armed)).toEqual([]);
    const disarmed = after(armed, fireCommand(1_000_000), { type: 'disarm', reason: 'paused' });
    expect(disarmed).toEqual({ status: 'disarmed', automation_id: 'a', tenant_context, last_fired_at_ms: 1_000_100, last_run_ids: ['run-1000000'] });
    expect(events({ type: 'disarm', reason: 'paused' }, disarmed)).toEqual([]);
    expect(events({ type: 'disarm', reason: 'paused' }, undefined)).toEqual([]);
    expect(events(fireCommand(1_000_000), disarmed)).toEqual([]);
  });

  it('begins anew when it is armed again: what passed meanwhile was not missed', () => {
    const again = after(armed, { type: 'disarm', reason: 'paused' }, armCommand(interval({ type: 'run_once' }), 9_000_000));
    expect(again).toMatchObject({ status: 'armed', next_fire_at_ms: 9_000_000 });
  });
});
