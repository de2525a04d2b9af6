/** How a choice is executed (domain 9.7). */
export type ExecutionMode = 'audit_disposition_only' | 'operator_request_record_only' | 'automatic_retry_dispatch' | 'stateful_compensation_engine' | 'operator_review_record_only';

/** What an operator may choose; each has its older name. */
export type RecoveryChoice = 'abandon_with_audit' | 'resume_from_checkpoint' | 'retry_failed_effect' | 'reconcile_external_effect' | 'compensate_pending_effects';

const aliases: Readonly<Record<string, RecoveryChoice>> = { ignore_dead_letter: 'abandon_with_audit', retry_dead_letter: 'retry_failed_effect', compensate: 'compensate_pending_effects' };

const modes: Readonly<Record<RecoveryChoice, ExecutionMode>> = {
  abandon_with_audit: 'audit_disposition_only',
  resume_from_checkpoint: 'operator_request_record_only',
  retry_failed_effect: 'automatic_retry_dispatch',
  reconcile_external_effect: 'operator_request_record_only',
  compensate_pending_effects: 'stateful_compensation_engine',
};

/** The choice that a word stands for; any other word is recorded for a review. */
export const recoveryChoiceOf = (word: string): RecoveryChoice | undefined => {
  const name = word.trim();
  if (Object.hasOwn(aliases, name)) return aliases[name];
  return Object.hasOwn(modes, name) ? (name as RecoveryChoice) : undefined;
};

export const executionModeOf = (choice: RecoveryChoice | undefined): ExecutionMode => (choice === undefined ? 'operator_review_record_only' : modes[choice]);

/** Something follows by itself. */
export const isAutomatic = (choice: RecoveryChoice | undefined): boolean => choice === 'retry_failed_effect' || choice === 'compensate_pending_effects';
