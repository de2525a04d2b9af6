import type { AutomationDefinition, NodeDisposition, OperatorCommand, RepairedStep } from '@cs/contracts';
import type { Json } from '@cs/kernel';

interface Operated {
  /** Trimmed; absent: the command's default text. */
  readonly reason?: string;
  /** Absent for a caller without idempotency key: its repetition is a new command. */
  readonly command?: OperatorCommand;
}

/** A definition that a run may go on with: the automation's of now, or the run's own when the automation is gone. */
export interface TargetDefinition {
  readonly definition: AutomationDefinition;
  readonly hash: string;
  readonly version: string;
}

/** Pauses a run at once; whoever executes it finds that it is not theirs any more. */
export interface PauseRun extends Operated { readonly type: 'pause_run' }
/** The automation is paused: a run that executes is told, and `settle_pause` ends it. Nothing to do for any other. */
export interface RequestPause extends Operated { readonly type: 'request_pause' }
/** Whoever executed a run that was told to pause has let go of it. */
export interface SettlePause { readonly type: 'settle_pause' }
export interface ResumeRun extends Operated { readonly type: 'resume_run' }
/** Nothing to do for a run that has ended, except a blocked one. */
export interface CancelRun extends Operated { readonly type: 'cancel_run' }
export interface RecoverRun extends Operated { readonly type: 'recover_run' }

interface TaskReset extends Operated {
  readonly node_id: string;
  readonly target: TargetDefinition;
}
export interface RetryTask extends TaskReset { readonly type: 'retry_task' }
export interface RequeueTask extends TaskReset { readonly type: 'requeue_task' }
/** `step`: what the edit changed in `target`; `replaces`: the automation's definition that it was made from. */
export interface RepairRun extends TaskReset {
  readonly type: 'repair_run';
  readonly step: RepairedStep;
  readonly replaces?: string;
}
export interface ContinueTask extends Operated { readonly type: 'continue_task'; readonly node_id: string }
export interface SetDisposition extends Operated { readonly type: 'set_disposition'; readonly node_id: string; readonly disposition: NodeDisposition }

/** Says what became of an effect whose outcome nobody knew. */
export interface ReconcileEffect extends Operated {
  readonly type: 'reconcile_effect';
  readonly node_id: string;
  /** Item of a fan-out, from 0. */
  readonly item?: number;
  readonly outcome: 'succeeded' | 'failed' | 'retry';
  /** What the node has as its output; only with `succeeded`. Absent: null. */
  readonly output?: Json;
  /** Bind the answer to the effect that was asked about. */
  readonly effect_id?: string;
}

export type OperatorCommandOfRun =
  | PauseRun | RequestPause | SettlePause | ResumeRun | CancelRun | RecoverRun | RetryTask | RequeueTask | RepairRun | ContinueTask | SetDisposition | ReconcileEffect;
