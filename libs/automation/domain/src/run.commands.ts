import type { AutomationDefinition, BindingDifference, GateRelease, EffectIntent, ExecutionClaim, GovernanceActor, NodeFailure, OnBehalfOf, RunEvent, UsageDelta } from '@cs/contracts';
import type { Json, Refusal } from '@cs/kernel';
import type { ExpiryDefault } from './gate-expiry.js';
import type { CancelHeld, HoldLaunch, ReleaseLaunch } from './admission.commands.js';
import type { OverrideGuardrails, RecordUsage, WatchCommand } from './supervision.commands.js';
import type { JudgeEffect } from './policy.commands.js';
import type { AnswerQuestion, AskPerson, RespondEscalation } from './human-request.commands.js';
import type { StepCommand } from './step.commands.js';
import type { DeliverWebhook, OpenWaits, ResolveWait, WakeWait } from './wait.commands.js';
import type { OperatorCommandOfRun } from './operator.commands.js';
import type { RecoveryCommand } from './recovery.commands.js';

type CreatedData = Extract<RunEvent, { event_type: 'run_created' }>['data'];

/** How an attempt of a node ended, as its executor saw it. */
export type NodeResult =
  | { readonly kind: 'succeeded'; readonly contract_kind: string; readonly content: Json; readonly summary?: string; readonly usage?: UsageDelta }
  | {
      readonly kind: 'failed';
      readonly failure: NodeFailure;
      /** What is known of the outside world: nothing left, the peer answered, or it may have happened. */
      readonly effect: 'not_sent' | 'answered' | 'unknown';
      readonly retryable: boolean;
      /** The peer's own wish, in ms. */
      readonly retry_after_ms?: number;
      readonly usage?: UsageDelta;
    };

/** Asks for a run. Repeating it for a run that exists changes nothing. */
export interface RequestRun { readonly type: 'request_run'; readonly created: CreatedData }

/** Takes a queued run, or one whose claim has expired, for execution. */
export interface ClaimRun {
  readonly type: 'claim';
  readonly claim: Omit<ExecutionClaim, 'lease_epoch'>;
  /** Version of the commit that queued the run; an older one is stale. */
  readonly queued_version: number;
}

/** Starts an attempt of a ready node, or of an item of its fan-out. `mode` is absent for a step without an outside effect. */
export interface StartNode { readonly type: 'start_node'; readonly node_id: string; readonly item?: number | undefined; readonly mode?: EffectIntent['mode'] }

/** Says how the current attempt of a node or an item ended. */
export interface FinishNode { readonly type: 'finish_node'; readonly node_id: string; readonly item?: number | undefined; readonly attempt: number; readonly result: NodeResult }

/** Judges a node or an item that was in progress under an earlier claim: start it again where that is safe. */
export interface RecoverNode { readonly type: 'recover_node'; readonly node_id: string; readonly item?: number | undefined }

/** Stops for a signature; the texts are resolved by the caller. */
export interface OpenGate { readonly type: 'open_gate'; readonly node_id: string; readonly title: string; readonly instructions?: string; readonly expiry_default?: ExpiryDefault; readonly releases?: readonly GateRelease[] }

/** A step would do something else than what was approved: its gate asks again, and nothing else is done anew. */
export interface ReopenGate { readonly type: 'reopen_gate'; readonly difference: BindingDifference }

/** Nothing runs and nothing is ready: park on the open waits, or end. */
export interface SettleRun { readonly type: 'settle' }

/** A person's decision on the gate that is open. */
export interface DecideGate {
  readonly type: 'decide_gate';
  /** Unique to the request, so that no two commits of racing deciders are the same. */
  readonly decision_id?: string;
  readonly decision: string;
  readonly reason?: string;
  readonly decided_by: GovernanceActor;
  /** Whose vote it is, in one spelling per person, so that nobody votes twice; absent when the person is not known. */
  readonly voter?: string;
  /** Every identity of who decides, where that is a user of a channel who is linked to a person. */
  readonly also_known_as?: readonly string[];
  /** Whom the request names as stood in for. */
  readonly for_person?: string;
  /** Whose seat a stand-in takes, as found to be in force; that person is then also the voter. */
  readonly on_behalf_of?: OnBehalfOf;
  readonly approval_request_id?: string;
  readonly transition_id?: string;
  readonly gate_opening_id?: string;
  readonly command_id?: string;
}

/** Ends a run that cannot be executed at all. */
export interface FailRun { readonly type: 'fail_run'; readonly detail: string }

export type ExecutionCommand = WatchCommand | ClaimRun | StartNode | FinishNode | RecoverNode | OpenWaits | OpenGate | ReopenGate | SettleRun | WakeWait | FailRun | JudgeEffect | StepCommand | AskPerson;
export type RunCommand = RecoveryCommand | RecordUsage | OverrideGuardrails | RequestRun | DecideGate | OperatorCommandOfRun | DeliverWebhook | ResolveWait | AnswerQuestion | RespondEscalation | ExecutionCommand | HoldLaunch | ReleaseLaunch | CancelHeld;

/** What every command is judged with: its time, and the definition the run pins. */
export interface RunContext {
  readonly at_ms: number;
  readonly definition: AutomationDefinition;
}

/** Why the engine may not do something to a run (never shown to a client). */
export type ExecutionRefusal = Refusal<'run_absent' | 'run_not_runnable' | 'run_claimed' | 'queue_message_stale' | 'node_not_ready' | 'node_not_in_progress' | 'wait_not_open' | 'work_left'>;
