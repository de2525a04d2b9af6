import { logSubject, type AggregateRef, type RecoveryOption } from '@cs/contracts';
import type { Digest, StoredCommit } from '@cs/eventing';
import type { DeadLetterRow } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

export const projectDeadLetters = (stored: StoredCommit, tenant: TenantKey): readonly DeadLetterRow[] =>
  eventsOf('dead_letter', stored).map(({ data, recorded_at_ms }) => ({
    ...tenant, dead_letter_id: data.dead_letter_id, source_type: 'message', source_id: String(data.stream_sequence), consumer: data.consumer, subject: data.subject, stream_sequence: data.stream_sequence,
    deliveries: data.deliveries, reason: data.reason, status: 'open', opened_at_ms: recorded_at_ms, position: stored.position, ...untouched(recorded_at_ms, ['retry', 'ignore']), attempts: data.deliveries,
  }));

/** What a letter says that nobody has touched. */
export const untouched = (at_ms: number, recovery_options: readonly RecoveryOption[]) => ({
  run_id: null, node_id: null, recovery_options, compensation_id: null, attempts: 1, disposition: null, updated_at_ms: at_ms, due_at_ms: null, superseded_at_ms: null, metadata: null,
});

type GivenUp = Pick<DeadLetterRow, 'dead_letter_id' | 'source_type' | 'source_id' | 'deliveries' | 'reason'>;
type RunFact = RecordedIn<'run'>;

/** A wait that nobody ended in time, so that its run stopped (domain 8.4). A run that goes on, and one that is only reminded, has none. */
const givenUpWait = (event: RunFact, digest: Digest): GivenUp | undefined => {
  if (event.event_type !== 'stateful_wait_timeout_cancelled_run' && event.event_type !== 'stateful_wait_timeout_paused_run') return undefined;
  const { wait_id, wake_idempotency_key = wait_id, reason } = event.data;
  return { dead_letter_id: `dead-letter-wait-${digest(wake_idempotency_key).slice(0, 16)}`, source_type: 'stateful_wait', source_id: wait_id, deliveries: 1, reason };
};

/** The dead letters of a run that its state does not hold: waits that were given up. */
export const projectRunDeadLetters = (stored: StoredCommit, tenant: TenantKey, digest: Digest): readonly DeadLetterRow[] =>
  eventsOf('run', stored).flatMap((event) => {
    const givenUp = givenUpWait(event, digest);
    if (givenUp === undefined) return [];
    return [{ ...tenant, ...givenUp, consumer: 'runner', subject: logSubject(stored.ref, stored.status), stream_sequence: stored.position, status: 'open', opened_at_ms: event.recorded_at_ms, position: stored.position, ...untouched(event.recorded_at_ms, ['ignore']), run_id: stored.ref.id, attempts: 1 }];
  });

interface SetAside {
  readonly ref: AggregateRef;
  readonly subject: string;
  readonly position: number;
  readonly reason: string;
}

/** The dead letter of a commit that the projector itself could not read or project. */
export const deadLetterOf = ({ subject, position, reason }: SetAside, tenant: TenantKey, now: number): DeadLetterRow => ({
  ...tenant, dead_letter_id: `projector-${position}`, source_type: 'message', source_id: String(position), consumer: 'projector', subject, stream_sequence: position,
  deliveries: 1, reason, status: 'open', opened_at_ms: now, position, ...untouched(now, []),
});
