import type { Run, RunCompensation, RunDeadLetter } from '@cs/contracts';
import { fanOutOf } from './fan-out.js';
import { beginAnew } from './counted-attempts.js';
import { reopenItem } from './fan-out-evolution.js';
import { resetNodes } from './node-evolution.js';
import { refreshBlocked, remember, reopen, withoutFailure } from './operator-evolution.js';
import type { Evolvers, RecordedRunEvent, RunEventNamed } from './run-evolvers.js';
import { recoveryOf, withCompensation, withLetter } from './run-recovery.js';
import { withCheckpoint } from './run.state.js';
import { without } from './without.js';

type RecoveryEvent =
  | 'effect_dead_lettered' | 'recovery_choice_recorded' | 'dead_letter_disposition_recorded' | 'stateful_dead_letter_retry_requeued'
  | 'compensation_proposed' | 'compensation_moved' | 'compensation_started' | 'compensation_completed' | 'compensation_failed';

/** A letter that people had done with opens anew; a retry that is under way goes on. */
const reopened = (before: RunDeadLetter | undefined): Pick<RunDeadLetter, 'status' | 'dispatches'> =>
  before?.status === 'retry_requested' || before?.status === 'retrying' ? { status: before.status, dispatches: before.dispatches } : { status: 'open', dispatches: 0 };

const lettered = (run: Run, { data, recorded_at_ms }: RunEventNamed<'effect_dead_lettered'>): Run => {
  const before = recoveryOf(run).dead_letters[data.dead_letter_id];
  const { superseded: _past, ...kept } = before ?? {};
  return withLetter(run, { ...kept, ...data, source_type: 'tool_effect', ...reopened(before), opened_at_ms: before?.opened_at_ms ?? recorded_at_ms, updated_at_ms: recorded_at_ms });
};

const changeLetter = (run: Run, id: string, change: (letter: RunDeadLetter) => RunDeadLetter): Run => {
  const letter = recoveryOf(run).dead_letters[id];
  return letter === undefined ? run : withLetter(run, change(letter));
};

const disposed = (run: Run, { data, recorded_at_ms }: RunEventNamed<'dead_letter_disposition_recorded'>): Run =>
  changeLetter(run, data.dead_letter_id, (letter) => {
    const { disposition, reason, by } = data;
    const { next_dispatch_at_ms: _due, ...anew } = letter;
    // Whoever asks again for what was given up gives it all its dispatches again.
    const base = data.status === 'retry_requested' && letter.status === 'ignored' ? { ...anew, dispatches: 0 } : letter;
    return {
      ...base, status: data.status, disposition: { disposition, reason, actor: by, at_ms: recorded_at_ms }, updated_at_ms: recorded_at_ms,
      ...(data.compensation_id === undefined ? {} : { compensation_id: data.compensation_id }),
    };
  });

/** Of a list, only what is missing is done again, under the keys that it had. */
const sentAgain = (run: Run, node_id: string, item: number | undefined): Run => {
  const fanOut = fanOutOf(run, node_id);
  if (fanOut === undefined) return withCheckpoint(run, { node_outputs: without(run.checkpoint.node_outputs, node_id), ...beginAnew(run, [node_id]) });
  const items = Object.entries(fanOut.unsuccessful).filter(([index, { status }]) => status === 'failed' || Number(index) === item).map(([index]) => Number(index));
  const again = items.reduce((state, index) => reopenItem(state, node_id, index), run);
  const keys = items.map((index) => `${node_id}[${index}]`);
  return withCheckpoint(again, { node_outputs: without(again.checkpoint.node_outputs, node_id), ...beginAnew(again, keys) });
};

const requeued = (run: Run, { data, recorded_at_ms }: RunEventNamed<'stateful_dead_letter_retry_requeued'>): Run => {
  const kept = data.kept_nodes.reduce((state, node_id) => sentAgain(state, node_id, node_id === data.node_id ? data.item : undefined), reopen(run, data.reason));
  const driven = refreshBlocked(withoutFailure(resetNodes(kept, data.reset_nodes)));
  return changeLetter(driven, data.dead_letter_id, (letter) => ({
    ...letter, status: 'retrying', dispatches: data.dispatch, last_dispatched_at_ms: recorded_at_ms, next_dispatch_at_ms: data.next_dispatch_at_ms, updated_at_ms: recorded_at_ms,
  }));
};

const changeCompensation = (run: Run, id: string, change: (compensation: RunCompensation) => RunCompensation): Run => {
  const compensation = recoveryOf(run).compensations[id];
  return compensation === undefined ? run : withCompensation(run, change(compensation));
};

const moved = (run: Run, { data, recorded_at_ms }: RunEventNamed<'compensation_moved'>): Run =>
  remember(changeCompensation(run, data.compensation_id, (compensation) => ({
    ...compensation, status: data.to, reason: data.reason, updated_at_ms: recorded_at_ms,
    ...(data.to === 'awaiting_approval' ? { requested_by: data.by } : {}), ...(data.to === 'approved' ? { approved_by: data.by } : {}),
  })), data.command);

/** Whoever executed it before is gone: nobody knows what became of that attempt. */
const interrupted = ({ status, attempts }: RunCompensation): Pick<RunCompensation, 'failure'> =>
  status === 'running' ? { failure: { kind: 'interrupted', message: `whoever made attempt ${attempts} is gone; what became of it is not known`, outcome: 'unknown' } } : {};

const started = (run: Run, { data, recorded_at_ms }: RunEventNamed<'compensation_started'>): Run =>
  changeCompensation(run, data.compensation_id, (compensation) => ({
    ...compensation, ...interrupted(compensation), status: 'running', attempts: data.attempt, claim: { claimed_by: data.claimed_by, claimed_at_ms: recorded_at_ms, claim_expires_at_ms: data.claim_expires_at_ms }, updated_at_ms: recorded_at_ms,
  }));

const withoutClaim = ({ claim: _claim, failure: _failure, ...compensation }: RunCompensation): RunCompensation => compensation;

/** What it undid needs nobody any more. */
const completed = (run: Run, { data, recorded_at_ms }: RunEventNamed<'compensation_completed'>): Run => {
  const { compensation_id, receipt_effect_id, by } = data;
  const done = changeCompensation(run, compensation_id, (compensation) => ({ ...withoutClaim(compensation), status: 'completed', receipt_effect_id, updated_at_ms: recorded_at_ms }));
  const linked = Object.values(recoveryOf(done).dead_letters).filter((letter) => letter.compensation_id === compensation_id && (letter.status === 'open' || letter.status === 'retry_requested'));
  const disposition = { disposition: 'compensated', reason: 'the effect was undone', actor: by ?? { kind: 'system' as const, source: 'runner' }, at_ms: recorded_at_ms };
  return remember(linked.reduce((state, letter) => withLetter(state, { ...letter, status: 'linked_to_compensation', disposition, updated_at_ms: recorded_at_ms }), done), data.command);
};

const failed = (run: Run, { data, recorded_at_ms }: RunEventNamed<'compensation_failed'>): Run =>
  changeCompensation(run, data.compensation_id, (compensation) => ({ ...withoutClaim(compensation), status: 'failed', failure: { ...data.failure, outcome: data.outcome }, updated_at_ms: recorded_at_ms }));

const proposed = (run: Run, { data, recorded_at_ms }: RunEventNamed<'compensation_proposed'>): Run =>
  withCompensation(run, { ...data, status: 'proposed', attempts: 0, proposed_at_ms: recorded_at_ms, updated_at_ms: recorded_at_ms });

/** Events of what is given up, and of what people do about it. */
export const recoveryEvolvers: Evolvers<RecoveryEvent> = {
  effect_dead_lettered: lettered,
  recovery_choice_recorded: (run, { data }) => remember(run, data.command),
  dead_letter_disposition_recorded: disposed,
  stateful_dead_letter_retry_requeued: requeued,
  compensation_proposed: proposed,
  compensation_moved: moved,
  compensation_started: started,
  compensation_completed: completed,
  compensation_failed: failed,
};

/** A run after an event of its recovery; any other event leaves it as it is. */
export const evolveRecovery = (run: Run, event: RecordedRunEvent): Run => {
  // The table has, for each type, the evolver of exactly that type; the compiler cannot see the pairing.
  const evolve = (recoveryEvolvers as Readonly<Record<string, (run: Run, event: RecordedRunEvent) => Run>>)[event.event_type];
  return evolve === undefined ? run : evolve(run, event);
};
