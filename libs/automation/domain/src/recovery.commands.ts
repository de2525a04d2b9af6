import type { GivenUpOutcome, GovernanceActor, OperatorCommand } from '@cs/contracts';
import type { Json } from '@cs/kernel';

/** An operator says how a run is to be recovered (domain 9.7). Without a target, a retry and a compensation are for everything that takes them. */
export interface ChooseRecovery {
  readonly type: 'choose_recovery';
  readonly choice: string;
  readonly reason?: string;
  readonly by: GovernanceActor;
  readonly dead_letter_id?: string;
  readonly compensation_id?: string;
  readonly target_effect_id?: string;
  readonly command?: OperatorCommand;
}

/** Drives the run for a dead letter whose retry was asked for, once it is due. */
export interface DispatchRetry { readonly type: 'dispatch_retry'; readonly dead_letter_id: string }

/** A person approves a compensation, cancels it, or says that one without a request was done. */
export interface DecideCompensation {
  readonly type: 'decide_compensation';
  readonly compensation_id: string;
  readonly decision: 'approve' | 'cancel' | 'complete';
  readonly reason?: string;
  readonly by: GovernanceActor;
  readonly command?: OperatorCommand;
}

/** Takes an approved compensation for execution; its intent is durable before it is sent. */
export interface StartCompensation { readonly type: 'start_compensation'; readonly compensation_id: string; readonly claimed_by: string; readonly lease_ms: number }

/** Says how the attempt that was started ended. */
export interface FinishCompensation {
  readonly type: 'finish_compensation';
  readonly compensation_id: string;
  readonly attempt: number;
  readonly result: { readonly kind: 'succeeded'; readonly output: Json } | { readonly kind: 'failed'; readonly outcome: GivenUpOutcome; readonly failure: { readonly kind: string; readonly message: string } };
}

export type RecoveryCommand = ChooseRecovery | DispatchRetry | DecideCompensation | StartCompensation | FinishCompensation;
