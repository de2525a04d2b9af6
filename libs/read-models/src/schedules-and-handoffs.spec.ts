import { describe, expect, it } from '@jest/globals';
import type { HandoffEvent, ScheduleEvent, TenantContext } from '@cs/contracts';
import { mergeHandoffs } from './handoff.projection.js';
import { LogHistory, person, project } from './log-history.fixture.js';
import { mergeSchedules } from './schedule.projection.js';

const tenant_context: TenantContext = { org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu', source: 'explicit' };
const hash = `sha256:${'1'.repeat(64)}`;
const key = { org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu' };
const identity = { automation_id: 'a', tenant_context };
const policy = { type: 'run_once' } as const;

const armed: ScheduleEvent = { event_type: 'schedule_armed', data: { ...identity, schedule: { type: 'interval', interval_seconds: 60, timezone: 'UTC', misfire_policy: policy }, definition_hash: hash, next_fire_at_ms: 100 } };
const fired: ScheduleEvent = { event_type: 'schedule_fired', data: { ...identity, due_at_ms: 100, missed: 0, policy, next_fire_at_ms: 200, fired_at_ms: 101, run_ids: ['run-1'], due_times_ms: [100], definition_hash: hash, definition_version: 'v1' } };
const skipped: ScheduleEvent = { event_type: 'schedule_skipped', data: { ...identity, due_at_ms: 200, missed: 0, policy, next_fire_at_ms: 300, reason: 'active_run', active_run_id: 'run-1' } };
const disarmed: ScheduleEvent = { event_type: 'schedule_disarmed', data: { ...identity, reason: 'paused' } };

const of = { handoff_id: 'h', target_automation_id: 'a', tenant_context };
const handoff = { handoff_id: 'h', target_automation_id: 'a', source_automation_id: 'b', artifact_type: 'order', created_at_ms: 7 };
const deposited: HandoffEvent = { event_type: 'handoff_deposited', data: { handoff, tenant_context, status: 'inbox', deposited_by: person } };
const approved: HandoffEvent = { event_type: 'handoff_approved', data: { ...of, approved_by: person } };
const consumed: HandoffEvent = { event_type: 'handoff_consumed', data: { ...of, consumed_by_run_id: 'run-1', consumed_by_automation_id: 'a' } };

/** Each event as a commit of its own. */
const history = (aggregate: 'schedule' | 'handoff', events: readonly (ScheduleEvent | HandoffEvent)[]): LogHistory => {
  const log = new LogHistory(tenant_context);
  for (const event of events) log.commit(aggregate, 'a', { status: 'x', events: [event] });
  return log;
};

describe('the row of a schedule', () => {
  const rows = (events: readonly ScheduleEvent[]) => project(history('schedule', events).entries).schedules;

  it('shows when it fires next, and when it last did, through everything that follows', () => {
    expect(rows([armed])).toMatchObject([{ ...key, automation_id: 'a', status: 'armed', next_fire_at_ms: 100, last_fired_at_ms: null }]);
    expect(rows([armed, fired, skipped])).toMatchObject([{ status: 'armed', next_fire_at_ms: 300, last_fired_at_ms: 101, position: 3 }]);
    expect(rows([armed, fired, disarmed])).toMatchObject([{ status: 'disarmed', next_fire_at_ms: null, last_fired_at_ms: 101 }]);
  });

  it('is the same however its commits are batched', () => {
    const { entries } = history('schedule', [armed, fired, skipped, disarmed, armed]);
    const [one] = project(entries).schedules;
    expect(entries.flatMap((entry) => project([entry]).schedules).reduce(mergeSchedules)).toEqual(one);
  });
});

describe('the row of a handoff', () => {
  it('keeps what was deposited, and says what became of it', () => {
    const log = history('handoff', [deposited, approved, consumed]);
    expect(project(log.entries).handoffs).toMatchObject([{
      ...key, handoff_id: 'h', target_automation_id: 'a', status: 'archived', source_automation_id: 'b', artifact_type: 'order', created_at_ms: 7, artifact: handoff,
      consumed_by_run_id: 'run-1', consumed_by_automation_id: 'a', consumed_at_ms: log.at_ms,
    }]);
  });

  it('is the same however its commits are batched', () => {
    const { entries } = history('handoff', [deposited, approved, consumed]);
    const [one] = project(entries).handoffs;
    expect(entries.flatMap((entry) => project([entry]).handoffs).reduce(mergeHandoffs)).toEqual(one);
  });

  it('leaves an audit record of its approval, with who approved it', () => {
    const { audit_records } = project(history('handoff', [deposited, approved]).entries);
    expect(audit_records).toMatchObject([{ event_type: 'automation.governance.handoff_deposited', ...key }, { event_type: 'automation.governance.handoff_approved', actor: person, ...key }]);
  });
});
