import { logSubject, type AggregateRef } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import type { DeadLetterRow } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';
import { eventsOf } from './typed-events.js';

export const projectDeadLetters = (stored: StoredCommit, tenant: TenantKey): readonly DeadLetterRow[] =>
  eventsOf('dead_letter', stored).map(({ data, recorded_at_ms }) => ({
    ...tenant, dead_letter_id: data.dead_letter_id, consumer: data.consumer, subject: data.subject, stream_sequence: data.stream_sequence,
    deliveries: data.deliveries, reason: data.reason, status: 'open', opened_at_ms: recorded_at_ms, position: stored.position,
  }));

/** The dead letter of a run that a node ended which was given up (`terminal_behavior: dead_letter`). */
export const projectRunDeadLetters = (stored: StoredCommit, tenant: TenantKey): readonly DeadLetterRow[] =>
  eventsOf('run', stored).flatMap((event) =>
    event.event_type !== 'run_failed' || event.data.dead_letter === undefined
      ? []
      : [{
          ...tenant, dead_letter_id: event.data.dead_letter.dead_letter_id, consumer: 'runner', subject: logSubject(stored.ref, stored.status), stream_sequence: stored.position,
          deliveries: event.data.dead_letter.attempts, reason: event.data.detail, status: 'open' as const, opened_at_ms: event.recorded_at_ms, position: stored.position,
        }],
  );

interface SetAside {
  readonly ref: AggregateRef;
  readonly subject: string;
  readonly position: number;
  readonly reason: string;
}

/** The dead letter of a commit that the projector itself could not read or project. */
export const deadLetterOf = ({ subject, position, reason }: SetAside, tenant: TenantKey, now: number): DeadLetterRow => ({
  ...tenant, dead_letter_id: `projector-${position}`, consumer: 'projector', subject, stream_sequence: position,
  deliveries: 1, reason, status: 'open', opened_at_ms: now, position,
});
