import { executionModeOf, isAutomatic, planNodes, toRunRecord, type RecoveryChoice } from '@cs/automation-domain';
import type { OperatorChoice, PlannedList, ResumePlan, ResumePoint, Run } from '@cs/contracts';
import type { PlannedRecovery } from './resume-plan-queries.port.js';

const attentionStatuses: ReadonlySet<string> = new Set(['failed', 'blocked', 'paused']);

const pointsOf = (run: Run): readonly ResumePoint[] => {
  const { status, checkpoint: { completed_nodes, pending_nodes, blocked_nodes } } = run;
  const { unknown_effects } = planNodes(run, pending_nodes);
  const points: readonly ResumePoint[] = [
    ...completed_nodes.map((node_id) => ({ kind: 'completed_node_boundary' as const, node_id, resume_after: node_id })),
    ...pending_nodes.filter((id) => !blocked_nodes.includes(id)).map((node_id) => ({ kind: 'pending_node' as const, node_id, retry_safe: !unknown_effects.includes(node_id) })),
    ...blocked_nodes.map((node_id) => ({ kind: 'blocked_node' as const, node_id, requires_operator_review: true })),
  ];
  return points.length === 0 && attentionStatuses.has(status) ? [{ kind: 'run_boundary', requires_operator_review: true }] : points;
};

/** In the order of the table of domain 9.7. */
const choicesOf = (points: readonly ResumePoint[], { uncertain_effects, dead_letters, pending_compensations }: PlannedRecovery): readonly OperatorChoice[] => {
  const isDoubtful = uncertain_effects.retryable > 0 || dead_letters.retryable > 0;
  const offered: readonly (readonly [RecoveryChoice, boolean])[] = [
    ['abandon_with_audit', true], ['resume_from_checkpoint', points.length > 0], ['retry_failed_effect', isDoubtful], ['reconcile_external_effect', isDoubtful], ['compensate_pending_effects', pending_compensations.found > 0],
  ];
  return offered.filter(([, isOffered]) => isOffered).map(([choice]) => ({ choice, execution_mode: executionModeOf(choice), automatic: isAutomatic(choice) }));
};

const lists: readonly PlannedList[] = ['completed_effects', 'uncertain_effects', 'pending_compensations', 'dead_letters'];

/** What can be done about a run, and with what it would go on. Decides nothing. */
export const resumePlan = (run: Run, planned: PlannedRecovery, generated_at_ms: number): ResumePlan => {
  const { completed_effects, uncertain_effects, pending_compensations, dead_letters } = planned;
  const record = toRunRecord(run);
  const points = pointsOf(run);
  return {
    plan_id: `resume-plan-${run.run_id}`, run_id: run.run_id, generated_at_ms, run: record, run_status: run.status,
    completed_nodes: run.checkpoint.completed_nodes, pending_nodes: run.checkpoint.pending_nodes, blocked_nodes: record.blocked_node_ids, last_failure: run.checkpoint.last_failure ?? null,
    completed_effects: completed_effects.items, uncertain_effects: uncertain_effects.items, pending_compensations: pending_compensations.items, dead_letters: dead_letters.items,
    cut_lists: lists.filter((list) => planned[list].items.length < planned[list].found), safe_resume_points: points, operator_choices: choicesOf(points, planned),
    audit_summary: {
      completed_effects: completed_effects.found, uncertain_effects: uncertain_effects.found, pending_compensations: pending_compensations.found, dead_letters: dead_letters.found,
      requires_operator_review: uncertain_effects.found > 0 || pending_compensations.found > 0 || dead_letters.found > 0 || record.blocked_node_ids.length > 0,
    },
  };
};
