import type { DeadLetterEvent, GovernanceActor, LetterFacts, RecoveryOption, TenantContext } from '@cs/contracts';
import { accept, refuse, type Decision, type Json, type Refusal } from '@cs/kernel';
import type { Aggregate, Recorded } from './aggregate.js';

/** A dead letter, or `undefined` before anything was set aside or decided. Plain JSON: it is stored as it is. */
export type DeadLetterState = {
  readonly status: 'open' | 'retry_requested' | 'ignored' | 'resolved';
  readonly letter: LetterFacts;
  /** Times that it was handled once more. */
  readonly retries: number;
} | undefined;

type Decided = { readonly by: GovernanceActor; readonly reason: string; readonly tenant_context: TenantContext; readonly letter: LetterFacts };
export type DeadLetterCommand =
  | ({ readonly type: 'request_retry' } & Decided)
  | ({ readonly type: 'close' } & Decided)
  /** How the delivery that was asked for ended. */
  | { readonly type: 'report'; readonly handled: boolean; readonly reason: string; readonly tenant_context: TenantContext };

export type DeadLetterRefusal = Refusal<'stateful_dead_letter_settled' | 'stateful_dead_letter_not_found' | 'stateful_dead_letter_choice_unavailable'>;
type DeadLetterDecision = Decision<DeadLetterEvent, DeadLetterRefusal>;

const settled = (status: string): DeadLetterDecision => refuse({ code: 'stateful_dead_letter_settled', message: `the dead letter is ${status}`, details: { currentStatus: status } });

/** Consumers are named `<service>--<what>`, and that service handles the message once more. What the projector set aside, a rebuild projects. */
const isRetryable = ({ source_type, consumer }: Pick<LetterFacts, 'source_type' | 'consumer'>): boolean => source_type === 'message' && consumer.includes('--');

/** What can be done about a letter that is decided by itself, once it is in the log. */
export const letterOptions = (letter: Pick<LetterFacts, 'source_type' | 'consumer'>): readonly RecoveryOption[] => (isRetryable(letter) ? ['retry', 'ignore'] : ['ignore']);

const notRetryable = ({ dead_letter_id, ...letter }: LetterFacts): DeadLetterDecision =>
  refuse({ code: 'stateful_dead_letter_choice_unavailable', message: 'nothing can do this again', details: { dead_letter_id, recovery_options: letterOptions(letter) } });

const report = ({ handled, reason, tenant_context }: Extract<DeadLetterCommand, { type: 'report' }>, state: DeadLetterState): DeadLetterDecision => {
  // Reported already, or closed meanwhile.
  if (state?.status !== 'retry_requested') return accept();
  const data = { letter: state.letter, tenant_context, reason, retries: state.retries + 1 };
  return accept(handled ? { event_type: 'dead_letter_redelivered', data } : { event_type: 'dead_letter_retry_failed', data });
};

const wanted = { request_retry: { event_type: 'dead_letter_retry_requested', status: 'retry_requested' }, close: { event_type: 'dead_letter_closed', status: 'ignored' } } as const;

const decided = ({ type, letter: asked, ...how }: Exclude<DeadLetterCommand, { type: 'report' }>, state: DeadLetterState): DeadLetterDecision => {
  const letter = state?.letter ?? asked;
  if (type === 'request_retry' && !isRetryable(letter)) return notRetryable(letter);
  const { event_type, status } = wanted[type];
  return state?.status === status ? accept() : accept({ event_type, data: { ...how, letter } });
};

/** Judges a command. The same again changes nothing; what is settled is not asked for any more. */
export const decideDeadLetter = (command: DeadLetterCommand, state: DeadLetterState): DeadLetterDecision => {
  if (command.type === 'report') return report(command, state);
  return state?.status === 'resolved' ? settled(state.status) : decided(command, state);
};

const opened = ({ data, recorded_at_ms }: Recorded<Extract<DeadLetterEvent, { event_type: 'dead_letter_opened' }>>): DeadLetterState => ({
  status: 'open', retries: 0, letter: { ...data, source_type: 'message', source_id: String(data.stream_sequence), opened_at_ms: recorded_at_ms },
});

const after = { dead_letter_retry_requested: 'retry_requested', dead_letter_redelivered: 'resolved', dead_letter_retry_failed: 'open', dead_letter_closed: 'ignored' } as const;

const evolve = (state: DeadLetterState, event: Recorded<DeadLetterEvent>): DeadLetterState => {
  if (event.event_type === 'dead_letter_opened') return state ?? opened(event);
  const retries = 'retries' in event.data ? event.data.retries : state?.retries;
  return { status: after[event.event_type], letter: event.data.letter, retries: retries ?? 0 };
};

/** Messages that could not be handled, and waits that were given up. */
export const deadLetterAggregate: Aggregate<DeadLetterState, DeadLetterEvent> = {
  name: 'dead_letter',
  initialState: undefined,
  evolve,
  status: (state) => state?.status ?? 'open',
  isAtRest: () => false,
  stateVersion: 2,
  writeState: (state) => (state ?? null) as unknown as Json,
  readState: (value) => (value ?? undefined) as unknown as DeadLetterState,
};
