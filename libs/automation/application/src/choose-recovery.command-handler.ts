import { executionModeOf, isAutomatic, isExecutable, ledgerIdsOf, recoveryChoiceOf, recoveryOf, runEffectIds, undoneAlready, type ChooseRecovery } from '@cs/automation-domain';
import type { CallContext, RecoveryChosen, Run, RunEvent } from '@cs/contracts';
import { accepted, definedMembers, refused, type Result } from '@cs/kernel';
import { commandOf, commandRun, operable, type OperatorOptions } from './operate-run.command-handler.js';

export interface RecoveryRequested {
  readonly run_id: string;
  readonly choice: string;
  readonly reason?: string | undefined;
  readonly dead_letter_id?: string | undefined;
  readonly compensation_id?: string | undefined;
  readonly target_effect_id?: string | undefined;
  readonly command_id?: string | undefined;
}

export interface RecoveryStored {
  readonly chosen: RecoveryChosen;
  readonly position: number;
}

const absent = (run_id: string): Result<never> => refused('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });

const isDriven = (events: readonly RunEvent[], run: Run, at_ms: number): boolean =>
  events.some((event) => event.event_type === 'stateful_dead_letter_retry_requeued')
  || events.some((event) => event.event_type === 'compensation_moved' && event.data.to === 'approved' && Object.values(recoveryOf(run).compensations).some((one) => one.compensation_id === event.data.compensation_id && isExecutable(one, at_ms)));

type Digest = OperatorOptions['eventing']['digest'];

/** Callers name an effect as the run does, or as the ledger does. */
const effectNamed = (run: Run, target: string | undefined, digest: Digest): string | undefined => {
  if (target === undefined) return undefined;
  const known = runEffectIds(run);
  return known.has(target) ? target : ([...known].find((id) => ledgerIdsOf(digest(id)).effect_id === target) ?? target);
};

const receiptOf = (command: ChooseRecovery, run: Run, digest: Digest): Pick<RecoveryChosen, 'already_completed' | 'receipt_effect_id'> => {
  const receipt = undoneAlready(command, run)?.receipt_effect_id;
  return receipt === undefined ? {} : { already_completed: true, receipt_effect_id: ledgerIdsOf(digest(receipt)).effect_id };
};

const chosenOf = (request: RecoveryRequested, events: readonly RunEvent[], { run, at_ms }: { readonly run: Run; readonly at_ms: number }): RecoveryChosen => {
  const choice = recoveryChoiceOf(request.choice);
  const seq = events.findIndex(({ event_type }) => event_type === 'recovery_choice_recorded');
  const letter = request.dead_letter_id === undefined ? undefined : recoveryOf(run).dead_letters[request.dead_letter_id];
  return {
    run_id: request.run_id, choice: choice ?? request.choice.trim(), execution_mode: executionModeOf(choice), automatic_dispatch: isAutomatic(choice), dispatched: isDriven(events, run, at_ms), recorded: true,
    ...(seq < 0 ? {} : { event_seq: run.version - events.length + 1 + seq }), disposition: letter?.disposition?.disposition ?? null,
  };
};

/** Records how an operator wants a run recovered, with what follows from it, in one commit. */
export const chooseRecovery = async (options: OperatorOptions, context: CallContext, request: RecoveryRequested): Promise<Result<RecoveryStored>> => {
  if (request.choice.trim() === '') return refused('stateful_recovery_choice_required', 'say what is to be done', { runID: request.run_id });
  const found = await operable(options, context, request.run_id);
  if (!found.ok) return found.refusal.code === 'AUTOMATION_V2_RUN_NOT_FOUND' ? absent(request.run_id) : found;
  const { eventing: { clock, digest } } = options;
  const { choice, reason, dead_letter_id, compensation_id } = request;
  const target_effect_id = effectNamed(found.value.run, request.target_effect_id, digest);
  const command: ChooseRecovery = {
    type: 'choose_recovery', choice, by: context.actor, ...definedMembers({ reason, dead_letter_id, compensation_id, target_effect_id }), ...commandOf(options, context, { type: 'choose_recovery', ...request }),
  };
  const done = await commandRun(options, context, { found: found.value, command });
  if (!done.ok) return done;
  const { run, position, events } = done.value;
  return accepted({ chosen: { ...chosenOf(request, events, { run, at_ms: clock() }), ...receiptOf(command, run, digest) }, position });
};
