import type { OpenWait, Run, RunEvent } from '@cs/contracts';
import { holds } from './run-invariants.fixture.js';
import type { RunWorld } from './run-world.fixture.js';
import { isFinished, type RunState } from './run.state.js';

const requestsOf = (run: RunState): readonly OpenWait[] => run?.checkpoint.open_waits.filter(({ request }) => request !== undefined) ?? [];

const isUnique = (ids: readonly string[]): boolean => new Set(ids).size === ids.length;

/** What holds of the questions and escalations of a run at every time. */
export const checkRequests = (run: Run): void => {
  const ended = (run.checkpoint.ended_requests ?? []).map(({ request_id }) => request_id);
  holds(isUnique(ended), 'a request ends once', () => ended);
  holds(requestsOf(run).every(({ wait_id }) => !ended.includes(wait_id)), 'a request that ended is not open', () => ended);
  holds(!isFinished(run.status) || requestsOf(run).length === 0, 'nobody is asked by a run that has ended', () => requestsOf(run));
};

const endTypes: ReadonlySet<string> = new Set(['question_answered', 'question_timed_out', 'escalation_accepted', 'escalation_timed_out', 'human_request_cancelled']);

const endsIn = (events: readonly RunEvent[]): readonly string[] => events.flatMap((event) => (endTypes.has(event.event_type) && 'request_id' in event.data ? [event.data.request_id] : []));

/** What holds of every commit: what was open and is not any more has ended by exactly one event, and deadlines are kept. */
export const checkRequestEvents = ({ run, atMs }: RunWorld, { before, events }: { readonly before: RunState; readonly events: readonly RunEvent[] }): void => {
  const [was, is] = [requestsOf(before), new Set(requestsOf(run).map(({ wait_id }) => wait_id))];
  const ends = endsIn(events);
  holds(isUnique(ends), 'a request ends by one event', () => events);
  for (const { wait_id } of was) holds(is.has(wait_id) !== ends.includes(wait_id), 'a request is open, or an event says how it ended', () => [wait_id, events]);
  for (const event of events) {
    const wait = 'request_id' in event.data ? was.find(({ wait_id }) => wait_id === event.data['request_id' as never]) : undefined;
    const { wake_at_ms = Infinity } = wait ?? {};
    if (event.event_type === 'question_timed_out' || event.event_type === 'escalation_timed_out' || event.event_type === 'escalation_passed_on') holds(wake_at_ms <= atMs, 'nobody is timed out before the deadline', () => event);
    if (event.event_type === 'question_answered') holds(atMs < wake_at_ms, 'no answer is taken from the deadline on', () => event);
  }
};
