import type { ScheduleEvent } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import { foldRuns } from './log.fixture.js';

type Fired = Extract<ScheduleEvent, { event_type: 'schedule_fired' }>['data'];
type Passed = Fired | Extract<ScheduleEvent, { event_type: 'schedule_skipped' }>['data'];

const eventsOf = (entries: readonly LogEntry[], id: string): readonly ScheduleEvent[] =>
  entries.filter(({ ref }) => ref.aggregate === 'schedule' && ref.id === id).flatMap(({ stored }) => (stored?.commit.events ?? []) as unknown as readonly ScheduleEvent[]);

export const firesOf = (entries: readonly LogEntry[], id: string): readonly Fired[] => eventsOf(entries, id).flatMap((event) => (event.event_type === 'schedule_fired' ? [event.data] : []));

/** Fire times that one handling of the schedule answered for: the one that was due, or all that were missed. */
const timesIn = ({ missed }: Passed): number => Math.max(missed, 1);

const mostRuns = ({ policy, missed }: Fired): number => {
  if (missed === 0 || policy.type === 'run_once') return 1;
  return policy.type === 'skip' ? 0 : Math.min(missed, policy.max_runs);
};

/**
 * An interval schedule of one second, as the log has it: every second from its first fire is answered for
 * once, each fire has the runs that its policy allows, and there is no other run. Answers how many fires.
 */
export const checkSchedule = (entries: readonly LogEntry[], id: string): number => {
  const passed = eventsOf(entries, id).flatMap((event): readonly Passed[] => (event.event_type === 'schedule_fired' || event.event_type === 'schedule_skipped' ? [event.data] : []));
  for (const [index, { due_at_ms }] of passed.entries()) {
    const before = passed[index - 1];
    if (before !== undefined) expect({ id, due_at_ms }).toEqual({ id, due_at_ms: before.due_at_ms + timesIn(before) * 1000 });
  }
  const fires = firesOf(entries, id);
  for (const fired of fires) expect({ id, fired, runs: fired.run_ids.length }).toEqual({ id, fired, runs: mostRuns(fired) });
  const asked = fires.flatMap(({ run_ids }) => run_ids).sort();
  const created = [...foldRuns(entries).values()].filter(({ automation_id }) => automation_id === id);
  expect(created.map(({ run_id }) => run_id).sort()).toEqual(asked);
  expect(created.filter(({ status }) => status !== 'completed')).toEqual([]);
  expect(fires.length).toBeGreaterThan(3);
  return fires.length;
};
