import type { GovernanceActor, GuardrailLimits, UsageDelta } from '@cs/contracts';

/** Adds to what a run has consumed, in whatever state it is. The same report again changes nothing. */
export interface RecordUsage {
  readonly type: 'record_usage';
  readonly usage_id: string;
  readonly usage: UsageDelta;
  readonly node_id?: string;
  /** Effect that the usage belongs to: `<run>:<node>:<generation>`. */
  readonly correlation_id?: string;
  readonly source?: string;
}

/** Raises limits of one run; a run that those limits had paused goes on. */
export interface OverrideGuardrails {
  readonly type: 'override_guardrails';
  readonly limits: GuardrailLimits;
  readonly reason?: string;
  readonly approved_by: GovernanceActor;
  readonly command_id?: string;
}

/** Judges a running run in which nothing has happened for long. */
export interface ReapStale { readonly type: 'reap_stale' }

/** Lets a run go on that was paused because nothing happened in it. */
export interface AutoResume { readonly type: 'auto_resume' }

/** A run is pausing and its runner is gone. */
export interface SettlePausing {
  readonly type: 'settle_pausing_on_restart';
  /** Nothing may have happened to it for so long. Absent: whoever asks knows that its runner is gone. */
  readonly quiet_ms?: number;
}

/** The runner stops and hands the run back as it is. */
export interface InterruptForShutdown { readonly type: 'interrupt_for_shutdown' }

/** A queued run was not taken although its message to the runners is done with. */
export interface RenewQueueMessage {
  readonly type: 'renew_queue_message';
  /** Version of the run whose message was lost; a run that has changed since is left alone. */
  readonly version: number;
}

/** What the engine does when it looks after a run. */
export type WatchCommand = ReapStale | AutoResume | SettlePausing | InterruptForShutdown | RenewQueueMessage;
