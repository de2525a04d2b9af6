import { z } from 'zod';
import type { CompensationRecord, LedgerDeadLetter, ToolEffectRecord } from '../reliability.schema.js';
import type { DeadLetterRecord } from '../read-models.schema.js';
import type { RecoveryOption, RunCompensation } from '../recovery.schema.js';
import type { RunRecord } from '../run-record.js';
import { runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

const id = z.string().min(1).max(400);
const reason = z.string().max(4000).optional();

export interface ResumePoint {
  readonly kind: 'completed_node_boundary' | 'pending_node' | 'blocked_node' | 'run_boundary';
  readonly node_id?: string;
  readonly resume_after?: string;
  readonly retry_safe?: boolean;
  readonly requires_operator_review?: boolean;
}

export interface OperatorChoice {
  readonly choice: string;
  readonly execution_mode: string;
  readonly automatic: boolean;
}

export type PlannedList = 'completed_effects' | 'uncertain_effects' | 'pending_compensations' | 'dead_letters';

/** What an operator can do about a run, and with what it would go on (domain 9.7). */
export interface ResumePlan {
  readonly plan_id: string;
  readonly run_id: string;
  readonly generated_at_ms: number;
  readonly run: RunRecord;
  readonly run_status: string;
  readonly completed_nodes: readonly string[];
  readonly pending_nodes: readonly string[];
  readonly blocked_nodes: readonly string[];
  readonly last_failure: RunRecord['checkpoint']['last_failure'] | null;
  readonly completed_effects: readonly ToolEffectRecord[];
  /** Everything that has not succeeded. */
  readonly uncertain_effects: readonly ToolEffectRecord[];
  readonly pending_compensations: readonly CompensationRecord[];
  readonly dead_letters: readonly LedgerDeadLetter[];
  /** Lists that are longer than one answer holds: the newest are here, and `audit_summary` counts all. */
  readonly cut_lists: readonly PlannedList[];
  readonly safe_resume_points: readonly ResumePoint[];
  readonly operator_choices: readonly OperatorChoice[];
  readonly audit_summary: {
    readonly completed_effects: number; readonly uncertain_effects: number; readonly pending_compensations: number; readonly dead_letters: number; readonly requires_operator_review: boolean;
  };
}

export const getResumePlan = rpcMethod<ResumePlan>()('cs.rpc.observability.resume_plan', z.object({ run_id: runIdSchema, min_position: z.int().nonnegative().optional() }));

/**
 * What a choice led to. `event_seq` is absent where the command came before and nothing was written now, and where
 * it was about a letter that no run decides.
 */
export interface RecoveryChosen {
  readonly run_id: string;
  readonly choice: string;
  readonly execution_mode: string;
  readonly automatic_dispatch: boolean;
  /** The run was driven, or something is executed, because of it. */
  readonly dispatched: boolean;
  readonly recorded: boolean;
  readonly event_seq?: number;
  /** What became of the dead letter that was named. */
  readonly disposition: string | null;
  /** What was to be undone is undone: by this effect of the ledger. */
  readonly already_completed?: true;
  readonly receipt_effect_id?: string;
}

export const chooseRecovery = rpcMethod<RecoveryChosen>()('cs.rpc.runner.recovery_choose', z.object({
  run_id: runIdSchema,
  /** Any text: a blank one is answered with its own code, an unknown one is recorded for a review. */
  choice: z.string().max(64).default(''),
  reason, dead_letter_id: id.optional(), compensation_id: id.optional(),
  target_effect_id: id.optional().describe('The `effect_id` of an effect in the ledger, or its `action_id`.'), command_id: commandIdSchema.optional(),
}));

/** A person approves a compensation, cancels it, or says that one without a request was done. */
export const decideCompensation = rpcMethod<{ readonly run_id: string; readonly compensation: RunCompensation }>()('cs.rpc.approval-gate.compensation_decide', z.object({
  run_id: runIdSchema, compensation_id: id, decision: z.enum(['approve', 'cancel', 'complete']), reason, command_id: commandIdSchema.optional(),
}));

/** A dead letter as it is stored, for those who decide about it. */
export interface StoredDeadLetter extends DeadLetterRecord {
  readonly run_id: string | null;
  readonly recovery_options: readonly RecoveryOption[];
}

export const getDeadLetter = rpcMethod<StoredDeadLetter>()('cs.rpc.observability.dead_letter_get', z.object({ dead_letter_id: id }));

export interface DeadLetterDecided {
  readonly dead_letter_id: string;
  readonly choice: 'retry' | 'ignore';
  readonly status: string;
  readonly run_id?: string;
}

/** Retries a dead letter of any kind, or closes it. */
export const decideDeadLetter = rpcMethod<DeadLetterDecided>()('cs.rpc.runner.dead_letter_decide', z.object({ dead_letter_id: id, choice: z.enum(['retry', 'ignore']), reason, command_id: commandIdSchema.optional() }));
