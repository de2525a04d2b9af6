import { executionModeOf, isAutomatic, recoveryChoiceOf, type RecoveryChoice } from '@cs/automation-domain';
import type { CallContext, StoredDeadLetter } from '@cs/contracts';
import { accepted, refused, type Refusal, type Result } from '@cs/kernel';
import { chooseRecovery, type RecoveryRequested, type RecoveryStored } from './choose-recovery.command-handler.js';
import { decideLetter, type LetterRequested } from './decide-dead-letter.command-handler.js';
import type { OperatorOptions } from './operate-run.command-handler.js';

export interface ResumePlanOptions extends OperatorOptions {
  /** A dead letter of any kind, as far as its caller sees it. */
  readonly findLetter: (context: CallContext, dead_letter_id: string) => Promise<Result<StoredDeadLetter, Pick<Refusal, 'code' | 'message'>>>;
}

const ofLetter: Readonly<Partial<Record<RecoveryChoice, LetterRequested['choice']>>> = { retry_failed_effect: 'retry', abandon_with_audit: 'ignore' };

/** What a plan lists of a run and the run does not decide: messages that nobody could handle, and waits that were given up. */
const outsideItsRun = async (options: OperatorOptions, context: CallContext, { request, letter }: { readonly request: RecoveryRequested; readonly letter: StoredDeadLetter }): Promise<Result<RecoveryStored>> => {
  const { run_id, reason, command_id } = request;
  const { dead_letter_id, recovery_options } = letter;
  const choice = recoveryChoiceOf(request.choice);
  const wanted = choice && ofLetter[choice];
  if (wanted === undefined) return refused('stateful_dead_letter_choice_unavailable', 'this dead letter can only be retried or closed', { dead_letter_id, recovery_options });
  const result = await decideLetter(options, context, { letter, request: { choice: wanted, reason, command_id } });
  if (!result.ok) return result;
  const chosen = { run_id, choice: choice ?? wanted, execution_mode: executionModeOf(choice), automatic_dispatch: isAutomatic(choice), dispatched: wanted === 'retry', recorded: true, disposition: wanted };
  return accepted({ chosen, position: result.value.position });
};

/** Answers a resume plan with a choice: whatever the plan lists can be named. */
export const answerResumePlan = async (options: ResumePlanOptions, context: CallContext, request: RecoveryRequested): Promise<Result<RecoveryStored>> => {
  const chosen = await chooseRecovery(options, context, request);
  const { run_id, dead_letter_id } = request;
  if (chosen.ok || dead_letter_id === undefined || chosen.refusal.code !== 'stateful_dead_letter_not_found') return chosen;
  const found = await options.findLetter(context, dead_letter_id);
  if (!found.ok) return found.refusal.code === chosen.refusal.code ? chosen : refused(found.refusal.code, found.refusal.message, { dead_letter_id });
  return found.value.run_id === run_id ? await outsideItsRun(options, context, { request, letter: found.value }) : chosen;
};
