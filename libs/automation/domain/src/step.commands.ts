import type { NodeFailure } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import type { NodeResult } from './run.commands.js';

/** The condition of a ready node does not hold: it counts as done. */
export interface SkipNode { readonly type: 'skip_node'; readonly node_id: string; readonly reason: string }

/** A ready node cannot even begin (its condition or list cannot be evaluated). */
export interface RejectNode { readonly type: 'reject_node'; readonly node_id: string; readonly failure: NodeFailure }

/** Begins a fan-out with the list that its node is executed for. */
export interface StartFanOut { readonly type: 'start_fan_out'; readonly node_id: string; readonly items: readonly Json[] }

/** Ends the node of a fan-out of which nothing runs any more. */
export interface FinishFanOut { readonly type: 'finish_fan_out'; readonly node_id: string; readonly contract_kind: string }

/** The attempt that runs waits from now on for a run of another automation, which is requested afterwards. */
export interface WaitForChild {
  readonly type: 'wait_for_child';
  readonly node_id: string;
  readonly item?: number | undefined;
  readonly attempt: number;
  readonly child_run_id: string;
}

/** Says how the child run ended that a wait is for, or that it could not be started. Repeating it changes nothing. */
export interface EndChildWait { readonly type: 'end_child_wait'; readonly wait_id: string; readonly child_run_id: string; readonly result: NodeResult }

/** Nobody waits for this run any more: its parent ended, or was sent back. */
export interface CancelChild { readonly type: 'cancel_child'; readonly parent_run_id: string; readonly reason: string }

/** Abandoned children of the run were cancelled. */
export interface ReleaseChildren { readonly type: 'release_children'; readonly run_ids: readonly string[] }

/** Commands of conditions, fan-outs and child runs. */
export type StepCommand = SkipNode | RejectNode | StartFanOut | FinishFanOut | WaitForChild | EndChildWait | CancelChild | ReleaseChildren;
