import { logSubject, type AggregateRef } from '@cs/contracts';
import type { Digest, StoredCommit } from '@cs/eventing';
import type { DeadLetterRow } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

export const projectDeadLetters = (stored: StoredCommit, tenant: TenantKey): readonly DeadLetterRow[] =>
  eventsOf('dead_letter', stored).map(({ data, recorded_at_ms }) => ({
    ...tenant, dead_letter_id: data.dead_letter_id, source_type: 'message', source_id: String(data.stream_sequence), consumer: data.consumer, subject: data.subject, stream_sequence: data.stream_sequence,
    deliveries: data.deliveries, reason: data.reason, status: 'open', opened_at_ms: recorded_at_ms, position: stored.position,
  }));

type GivenUp = Pick<DeadLetterRow, 'dead_letter_id' | 'source_type' | 'source_id' | 'deliveries' | 'reason'>;
type RunFact = RecordedIn<'run'>;

/** A node that ended its run when its attempts were used up (`terminal_behavior: dead_letter`). */
const givenUpNode = (event: RunFact): GivenUp | undefined => {
  if (event.event_type !== 'run_failed' || event.data.dead_letter === undefined) return undefined;
  const { dead_letter: { dead_letter_id, attempts }, node_id = '', detail } = event.data;
  return { dead_letter_id, source_type: 'node', source_id: node_id, deliveries: attempts, reason: detail };
};

/** A wait that nobody ended in time, so that its run stopped (domain 8.4). A run that goes on, and one that is only reminded, has none. */
const givenUpWait = (event: RunFact, digest: Digest): GivenUp | undefined => {
  if (event.event_type !== 'stateful_wait_timeout_cancelled_run' && event.event_type !== 'stateful_wait_timeout_paused_run') return undefined;
  const { wait_id, wake_idempotency_key = wait_id, reason } = event.data;
  return { dead_letter_id: `dead-letter-wait-${digest(wake_idempotency_key).slice(0, 16)}`, source_type: 'stateful_wait', source_id: wait_id, deliveries: 1, reason };
};

/** The dead letters of a run: what was given up in it. */
export const projectRunDeadLetters = (stored: StoredCommit, tenant: TenantKey, digest: Digest): readonly DeadLetterRow[] =>
  eventsOf('run', stored).flatMap((event) => {
    const givenUp = givenUpNode(event) ?? givenUpWait(event, digest);
    if (givenUp === undefined) return [];
    return [{ ...tenant, ...givenUp, consumer: 'runner', subject: logSubject(stored.ref, stored.status), stream_sequence: stored.position, status: 'open', opened_at_ms: event.recorded_at_ms, position: stored.position }];
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
  deliveries: 1, reason, status: 'open', opened_at_ms: now, position,
});
