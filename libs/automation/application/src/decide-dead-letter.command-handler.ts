import { ownerKeysOf } from '@cs/automation-domain';
import { streams, type AggregateRef, type CallContext, type DeadLetterDecided, type LetterFacts, type StoredDeadLetter } from '@cs/contracts';
import { deadLetterAggregate, decideDeadLetter, executeCommand, type DeadLetterCommand } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import { chooseRecovery } from './choose-recovery.command-handler.js';
import type { OperatorOptions } from './operate-run.command-handler.js';

export interface LetterRequested {
  readonly choice: 'retry' | 'ignore';
  readonly reason?: string | undefined;
  readonly command_id?: string | undefined;
}

interface Asked {
  /** As the projections have it, for its caller. */
  readonly letter: StoredDeadLetter;
  readonly request: LetterRequested;
}

export interface LetterDecided {
  readonly decided: DeadLetterDecided;
  readonly position: number;
}

/** What was given up in a run is decided with the run. */
const inItsRun = async (options: OperatorOptions, context: CallContext, { letter, request }: Asked & { readonly letter: { readonly run_id: string } }): Promise<Result<LetterDecided>> => {
  const { dead_letter_id, run_id } = letter;
  const choice = request.choice === 'retry' ? 'retry_failed_effect' : 'abandon_with_audit';
  const result = await chooseRecovery(options, context, { run_id, choice, dead_letter_id, reason: request.reason, command_id: request.command_id });
  return result.ok ? accepted({ decided: { dead_letter_id, choice: request.choice, status: request.choice === 'retry' ? 'retry_requested' : 'ignored', run_id }, position: result.value.position }) : result;
};

const factsOf = ({ dead_letter_id, consumer, stream_sequence, subject, deliveries, reason, source_id, opened_at_ms, run_id, source_type }: StoredDeadLetter): LetterFacts => ({
  dead_letter_id, consumer, stream: streams.log.name, stream_sequence, subject, deliveries, reason,
  source_type: source_type === 'stateful_wait' ? 'stateful_wait' : 'message', source_id, opened_at_ms, ...(run_id === null ? {} : { run_id }),
});

const reasonOf = ({ reason = '', choice }: LetterRequested): string => (reason.trim() === '' ? `${choice} chosen by operator` : reason.trim());

const commandOf = ({ letter, request }: Asked, { actor, tenant }: CallContext): DeadLetterCommand => ({
  type: request.choice === 'retry' ? 'request_retry' : 'close', by: actor, reason: reasonOf(request), tenant_context: tenant, letter: factsOf(letter),
});

/** A message, or a wait: for whoever administers the tenant. */
const byItself = async (options: OperatorOptions, context: CallContext, asked: Asked): Promise<Result<LetterDecided>> => {
  const { letter: { dead_letter_id, run_id }, request: { choice } } = asked;
  if (ownerKeysOf(context.verified) !== undefined) return refused('AUTOMATION_V2_ACCESS_DENIED', 'only an administrator may decide about messages', { dead_letter_id });
  const ref: AggregateRef = { org_id: context.tenant.org_id, workspace_id: context.tenant.workspace_id, aggregate: 'dead_letter', id: dead_letter_id };
  const result = await executeCommand(ref, {
    eventing: options.eventing, aggregate: deadLetterAggregate, decide: (state) => decideDeadLetter(commandOf(asked, context), state),
    context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: dead_letter_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the dead letter is being written to by others');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  return accepted({ decided: { dead_letter_id, choice, status: deadLetterAggregate.status(result.loaded.state), ...(run_id === null ? {} : { run_id }) }, position: result.loaded.position });
};

/** Retries a dead letter, or closes it. Of a run it is decided with the run; a message is handled once more by the consumer that set it aside. */
export const decideLetter = async (options: OperatorOptions, context: CallContext, asked: Asked): Promise<Result<LetterDecided>> => {
  const { letter, request: { choice } } = asked;
  const { dead_letter_id, run_id, source_type, recovery_options } = letter;
  if (!recovery_options.includes(choice)) {
    return refused('stateful_dead_letter_choice_unavailable', choice === 'retry' ? 'this dead letter cannot be retried' : 'this dead letter cannot be closed', { dead_letter_id, recovery_options });
  }
  const isOfRun = source_type === 'tool_effect' || source_type === 'node';
  return isOfRun && run_id !== null ? await inItsRun(options, context, { ...asked, letter: { ...letter, run_id } }) : await byItself(options, context, asked);
};
