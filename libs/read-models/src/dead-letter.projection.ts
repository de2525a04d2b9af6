import { logSubject, parseLogSubject, type AggregateRef, type LetterDisposition, type LetterFacts, type RecoveryOption } from '@cs/contracts';
import { letterOptions, type Digest, type StoredCommit } from '@cs/eventing';
import type { DeadLetterRow } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

type LetterEvent = RecordedIn<'dead_letter'>;

/** All that each event says of its letter. */
const factsOf = ({ event_type, data, recorded_at_ms }: LetterEvent): LetterFacts =>
  event_type === 'dead_letter_opened' ? { ...data, source_type: 'message', source_id: String(data.stream_sequence), opened_at_ms: recorded_at_ms } : data.letter;

const runOf = ({ run_id, subject }: LetterFacts): string | null => {
  const parsed = parseLogSubject(subject);
  return run_id ?? (parsed?.ref.aggregate === 'run' ? parsed.ref.id : null);
};

const operator = (event: Extract<LetterEvent, { event_type: 'dead_letter_retry_requested' | 'dead_letter_closed' }>, disposition: string): LetterDisposition => ({ disposition, reason: event.data.reason, actor: event.data.by, at_ms: event.recorded_at_ms });
const delivered = (event: Extract<LetterEvent, { event_type: 'dead_letter_redelivered' | 'dead_letter_retry_failed' }>, disposition: string): LetterDisposition => ({
  disposition, reason: event.data.reason, actor: { kind: 'system', source: 'runner' }, at_ms: event.recorded_at_ms,
});

const standing = (event: LetterEvent): Pick<DeadLetterRow, 'status' | 'disposition' | 'metadata'> => {
  switch (event.event_type) {
    case 'dead_letter_opened': return { status: 'open', disposition: null, metadata: null };
    case 'dead_letter_retry_requested': return { status: 'retry_requested', disposition: operator(event, 'retry'), metadata: null };
    case 'dead_letter_closed': return { status: 'ignored', disposition: operator(event, 'ignore'), metadata: null };
    case 'dead_letter_redelivered': return { status: 'resolved', disposition: delivered(event, 'retry_succeeded'), metadata: { retry_dispatch_count: event.data.retries } };
    case 'dead_letter_retry_failed': return { status: 'open', disposition: delivered(event, 'retry_failed'), metadata: { retry_dispatch_count: event.data.retries } };
  }
};

/** The letters of a commit that are decided by themselves: messages, and waits that were given up. */
export const projectDeadLetters = (stored: StoredCommit, tenant: TenantKey): readonly DeadLetterRow[] =>
  eventsOf('dead_letter', stored).map((event) => {
    const facts = factsOf(event);
    const { dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, opened_at_ms } = facts;
    return {
      ...tenant, ...untouched(event.recorded_at_ms, letterOptions(facts)), dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, opened_at_ms,
      position: stored.position, attempts: deliveries, run_id: runOf(facts), ...standing(event),
    };
  });

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
