import type { Run, RunEvent } from '@cs/contracts';
import { workKey, workOfKey } from './work-key.js';

/** Events that end a run while attempts may be under way. */
export const endings: ReadonlySet<RunEvent['event_type']> = new Set<RunEvent['event_type']>([
  'run_stopped', 'run_cancelled', 'run_failed', 'run_failed_stale_no_provider_activity', 'stateful_wait_timeout_cancelled_run',
]);

/**
 * Before a run ends: attempts under way whose effect nobody will hear of any more, and that may not be sent
 * again, are to be reconciled by a person, should the run ever go on.
 */
export const withAbandonedEffects = (run: Run, events: readonly RunEvent[]): readonly RunEvent[] => {
  if (!events.some(({ event_type }) => endings.has(event_type))) return events;
  const known = new Set(events.flatMap((event) => (event.event_type === 'node_blocked' ? [workKey(event.data)] : [])));
  const abandoned = Object.entries(run.checkpoint.in_progress).flatMap(([key, { attempt, effect }]): readonly RunEvent[] => {
    if (effect?.mode !== 'none' || known.has(key)) return [];
    const failure = { kind: 'interrupted', message: `attempt ${attempt} was under way when the run was stopped; what became of it is not known` };
    return [{ event_type: 'node_blocked', data: { ...workOfKey(key), attempt, effect_id: effect.effect_id, failure } }];
  });
  return abandoned.length === 0 ? events : [...abandoned, ...events];
};
