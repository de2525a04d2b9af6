import { executionModeOf, isAutomatic, toRunRecord, type RecoveryChoice } from '@cs/automation-domain';
import type { CompensationRecord, LedgerDeadLetter, LedgerPage, OperatorChoice, ResumePlan, ResumePoint, Run, ToolEffectRecord } from '@cs/contracts';

const attentionStatuses: ReadonlySet<string> = new Set(['failed', 'blocked', 'paused']);

const pointsOf = ({ status, checkpoint: { completed_nodes, pending_nodes, blocked_nodes, in_progress } }: Run): readonly ResumePoint[] => {
  const points: readonly ResumePoint[] = [
    ...completed_nodes.map((node_id) => ({ kind: 'completed_node_boundary' as const, node_id, resume_after: node_id })),
    ...pending_nodes.filter((id) => !blocked_nodes.includes(id)).map((node_id) => ({ kind: 'pending_node' as const, node_id, retry_safe: in_progress[node_id]?.effect === undefined })),
    ...blocked_nodes.map((node_id) => ({ kind: 'blocked_node' as const, node_id, requires_operator_review: true })),
  ];
  return points.length === 0 && attentionStatuses.has(status) ? [{ kind: 'run_boundary', requires_operator_review: true }] : points;
};

const isActiveLetter = ({ status, metadata }: LedgerDeadLetter): boolean => status !== 'ignored' && status !== 'resolved' && metadata?.['superseded_by_success'] !== true;
const isPending = ({ status, metadata }: CompensationRecord): boolean => status !== 'completed' && status !== 'cancelled' && metadata?.['superseded_by_success'] !== true;

interface Offered {
  readonly points: readonly ResumePoint[];
  readonly uncertain: readonly ToolEffectRecord[];
  readonly letters: readonly LedgerDeadLetter[];
  readonly compensations: readonly CompensationRecord[];
}

/** In the order of the table of domain 9.7. */
const choicesOf = ({ points, uncertain, letters, compensations }: Offered): readonly OperatorChoice[] => {
  const isDoubtful = uncertain.length > 0 || letters.length > 0;
  const offered: readonly (readonly [RecoveryChoice, boolean])[] = [
    ['abandon_with_audit', true], ['resume_from_checkpoint', points.length > 0], ['retry_failed_effect', isDoubtful], ['reconcile_external_effect', isDoubtful], ['compensate_pending_effects', compensations.length > 0],
  ];
  return offered.filter(([, isOffered]) => isOffered).map(([choice]) => ({ choice, execution_mode: executionModeOf(choice), automatic: isAutomatic(choice) }));
};

/** What can be done about a run, and with what it would go on. Decides nothing. */
export const resumePlan = (run: Run, { tool_effects, dead_letters, compensations }: Pick<LedgerPage, 'tool_effects' | 'dead_letters' | 'compensations'>, generated_at_ms: number): ResumePlan => {
  const completed = tool_effects.filter(({ status }) => status === 'succeeded');
  const offered: Offered = { points: pointsOf(run), uncertain: tool_effects.filter(({ status }) => status !== 'succeeded'), letters: dead_letters.filter(isActiveLetter), compensations: compensations.filter(isPending) };
  const record = toRunRecord(run);
  return {
    plan_id: `resume-plan-${run.run_id}`, run_id: run.run_id, generated_at_ms, run: record, run_status: run.status,
    completed_nodes: run.checkpoint.completed_nodes, pending_nodes: run.checkpoint.pending_nodes, blocked_nodes: record.blocked_node_ids, last_failure: run.checkpoint.last_failure ?? null,
    completed_effects: completed, uncertain_effects: offered.uncertain, pending_compensations: offered.compensations, dead_letters: offered.letters, safe_resume_points: offered.points, operator_choices: choicesOf(offered),
    audit_summary: {
      completed_effects: completed.length, uncertain_effects: offered.uncertain.length, pending_compensations: offered.compensations.length, dead_letters: offered.letters.length,
      requires_operator_review: offered.uncertain.length > 0 || offered.compensations.length > 0 || offered.letters.length > 0 || record.blocked_node_ids.length > 0,
    },
  };
};
