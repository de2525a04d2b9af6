import type { OpenWait, Run, RunEvent } from '@cs/contracts';
import { requestFacts } from './human-request-ending.js';
import { evolveRun } from './run-evolution.js';
import { isFinished, type RunState } from './run.state.js';

const withRequest = (run: Run): readonly OpenWait[] => run.checkpoint.open_waits.filter(({ request }) => request !== undefined);

const ends: ReadonlySet<RunEvent['event_type']> = new Set<RunEvent['event_type']>(['question_answered', 'question_timed_out', 'escalation_accepted', 'escalation_timed_out']);

const endedIn = (events: readonly RunEvent[]): ReadonlySet<string> =>
  new Set(events.flatMap((event) => (ends.has(event.event_type) && 'request_id' in event.data ? [event.data.request_id] : [])));

const reasonOf = (after: Run, { node_id }: OpenWait): string => (isFinished(after.status) ? `the run is ${after.status}` : `node "${node_id}" was sent back`);

/**
 * Before events after which a run waits for a person no more (it ended, or the node was reset): what was
 * asked is cancelled, so that whoever was asked learns of it, and that a late answer is refused.
 */
export const withCancelledRequests = (run: Run, events: readonly RunEvent[]): readonly RunEvent[] => {
  const open = withRequest(run);
  if (open.length === 0 || events.length === 0) return events;
  const after = events.reduce<RunState>((state, event) => evolveRun(state, { ...event, recorded_at_ms: run.updated_at_ms }), run);
  if (after === undefined) return events;
  const held = new Set(isFinished(after.status) ? [] : after.checkpoint.open_waits.map(({ wait_id }) => wait_id));
  const ended = endedIn(events);
  const gone = open.filter(({ wait_id }) => !held.has(wait_id) && !ended.has(wait_id));
  const cancelled = gone.map((wait): RunEvent => ({
    event_type: 'human_request_cancelled', data: { ...requestFacts(wait), kind: wait.request?.kind ?? 'question', reason: reasonOf(after, wait) },
  }));
  return cancelled.length === 0 ? events : [...cancelled, ...events];
};
