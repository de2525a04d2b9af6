import type { BlockingReason, ObservedPolicyDecision, OperatorAction, Run, StatefulRun, WaitRecord } from '@cs/contracts';

/** What the summary for an operator follows from. */
export interface SummaryGrounds {
  readonly run: StatefulRun;
  readonly stored: Run;
  /** Stored ones that are active, and the one that follows from the run only. */
  readonly active_waits: readonly WaitRecord[];
  /** Newest first. */
  readonly policy_decisions: readonly ObservedPolicyDecision[];
}

const attentionStatuses = ['paused', 'blocked', 'failed', 'dead_lettered', 'retrying'] as const;
const needsAttention = ({ status }: StatefulRun): boolean => attentionStatuses.some((one) => one === status);

/** Each once, by its key. */
const once = <Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] => {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)));
};

const ofStatus = ({ run }: SummaryGrounds): readonly BlockingReason[] =>
  needsAttention(run) ? [{ kind: 'run_status', status: run.status, phase_id: run.current_phase_id, historical: false }] : [];

const ofWaits = ({ active_waits }: SummaryGrounds): readonly BlockingReason[] =>
  once(active_waits, ({ wait_id }) => wait_id).map(({ wait_id, wait_kind, status, phase_id, reason }) => ({ kind: 'active_wait', wait_id, wait_kind, status, phase_id, reason, historical: false }));

/** A decision that holds nobody up any more: the run is over, or the same effect was judged again since. */
const isHistorical = ({ stored, policy_decisions }: SummaryGrounds, { effect_id, decision_id }: ObservedPolicyDecision): boolean =>
  stored.status === 'completed' || stored.status === 'cancelled' || policy_decisions.find((newer) => newer.effect_id === effect_id)?.decision_id !== decision_id;

const ofPolicy = (grounds: SummaryGrounds): readonly BlockingReason[] =>
  once(grounds.policy_decisions, ({ decision_id }) => decision_id)
    .filter(({ decision }) => decision !== 'allow')
    .map((made) => ({
      kind: 'policy_decision', decision_id: made.decision_id, decision: made.decision, reason_code: made.reason_code, tool: made.tool, approval_id: made.approval_id, historical: isHistorical(grounds, made),
    }));

/** Why the run does not go on, or asks for somebody: in their order, each once (domain 11.4). */
export const blockingReasons = (grounds: SummaryGrounds): readonly BlockingReason[] => [...ofStatus(grounds), ...ofWaits(grounds), ...ofPolicy(grounds)];

/** An action on some ids; none when there are none. */
const on = (ids: readonly string[], action: (distinct: readonly string[]) => OperatorAction): readonly OperatorAction[] => (ids.length === 0 ? [] : [action([...new Set(ids)])]);

const approvalRefs = ({ policy_decisions }: SummaryGrounds): readonly string[] =>
  policy_decisions.filter(({ decision }) => decision === 'approval_required').map(({ approval_id, decision_id }) => approval_id ?? decision_id);

/** What an operator may do about it: in their order, each at most once (domain 11.5). */
export const operatorActions = (grounds: SummaryGrounds): readonly OperatorAction[] => [
  ...(needsAttention(grounds.run) ? [{ action: 'resume_from_checkpoint' as const, requires_status: attentionStatuses }] : []),
  ...on(grounds.active_waits.map(({ wait_id }) => wait_id), (wait_ids) => ({ action: 'review_wait', wait_ids })),
  ...on(approvalRefs(grounds), (approval_refs) => ({ action: 'approve_or_deny_policy_decision', approval_refs })),
];
