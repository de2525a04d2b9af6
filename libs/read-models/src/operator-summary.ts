import type { BlockingReason, ObservedPolicyDecision, OperatorAction, StatefulRun, WaitRecord } from '@cs/contracts';
import type { OpenRecovery } from './run-observability.port.js';

/** What the summary for an operator follows from. */
export interface SummaryGrounds {
  readonly run: StatefulRun;
  /** Stored ones that are active, and the one that follows from the run only. */
  readonly active_waits: readonly WaitRecord[];
  /** Newest first. */
  readonly policy_decisions: readonly ObservedPolicyDecision[];
  /** What recovery still has to do with: what a later success made moot blocks nothing. */
  readonly active: OpenRecovery;
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
const isHistorical = ({ run: { status }, policy_decisions }: SummaryGrounds, { effect_id, decision_id }: ObservedPolicyDecision): boolean =>
  status === 'completed' || status === 'cancelled' || policy_decisions.find((newer) => newer.effect_id === effect_id)?.decision_id !== decision_id;

const ofPolicy = (grounds: SummaryGrounds): readonly BlockingReason[] =>
  once(grounds.policy_decisions, ({ decision_id }) => decision_id)
    .filter(({ decision }) => decision !== 'allow')
    .map((made) => ({
      kind: 'policy_decision', decision_id: made.decision_id, decision: made.decision, reason_code: made.reason_code, tool: made.tool, approval_id: made.approval_id, historical: isHistorical(grounds, made),
    }));

const openLetters = ({ active }: SummaryGrounds) => active.dead_letters.filter(({ status }) => status === 'open');
const uncertainEffects = ({ active }: SummaryGrounds) => active.tool_effects.filter(({ status }) => status === 'failed' || status === 'unknown');
/** Those that wait for somebody; one that failed blocks too, but is not offered. */
const awaitedCompensations = ({ active }: SummaryGrounds) => active.compensations.filter(({ status }) => status === 'proposed' || status === 'awaiting_approval');

/** What waits to leave, or could not: what is on its way blocks nothing. */
const ofOutbox = ({ active }: SummaryGrounds): readonly BlockingReason[] =>
  active.outbox
    .filter(({ status }) => status === 'pending' || status === 'failed' || status === 'dead_lettered')
    .map(({ outbox_id, status, operation, dead_letter_id }) => ({ kind: 'outbox', outbox_id, status, operation, dead_letter_id, historical: false }));

const ofEffects = (grounds: SummaryGrounds): readonly BlockingReason[] =>
  uncertainEffects(grounds).map(({ effect_id, status, operation, compensation_id }) => ({ kind: 'tool_effect', effect_id, status, operation, compensation_id, historical: false }));

const ofLetters = (grounds: SummaryGrounds): readonly BlockingReason[] =>
  openLetters(grounds).map(({ dead_letter_id, source_type, reason }) => ({ kind: 'dead_letter', dead_letter_id, source_type, reason, historical: false }));

const ofCompensations = (grounds: SummaryGrounds): readonly BlockingReason[] =>
  [...grounds.active.compensations.filter(({ status }) => status === 'failed'), ...awaitedCompensations(grounds)]
    .map(({ compensation_id, status, target_effect_id, approval_required }) => ({ kind: 'compensation', compensation_id, status, target_effect_id, approval_required, historical: false }));

/** Why the run does not go on, or asks for somebody: in their order, each once (domain 11.4). */
export const blockingReasons = (grounds: SummaryGrounds): readonly BlockingReason[] => [
  ...ofStatus(grounds), ...ofWaits(grounds), ...ofPolicy(grounds), ...ofOutbox(grounds), ...ofEffects(grounds), ...ofLetters(grounds), ...ofCompensations(grounds),
];

/** An action on some ids; none when there are none. */
const on = (ids: readonly string[], action: (distinct: readonly string[]) => OperatorAction): readonly OperatorAction[] => (ids.length === 0 ? [] : [action([...new Set(ids)])]);

const approvalRefs = ({ policy_decisions }: SummaryGrounds): readonly string[] =>
  policy_decisions.filter(({ decision }) => decision === 'approval_required').map(({ approval_id, decision_id }) => approval_id ?? decision_id);

const offered = (grounds: SummaryGrounds): readonly OperatorAction[] => [
  ...(needsAttention(grounds.run) ? [{ action: 'resume_from_checkpoint' as const, requires_status: attentionStatuses }] : []),
  ...on(grounds.active_waits.map(({ wait_id }) => wait_id), (wait_ids) => ({ action: 'review_wait', wait_ids })),
  ...on(approvalRefs(grounds), (approval_refs) => ({ action: 'approve_or_deny_policy_decision', approval_refs })),
  ...on(uncertainEffects(grounds).map(({ effect_id }) => effect_id), (effect_ids) => ({ action: 'retry_or_reconcile_effect', effect_ids })),
  ...on(openLetters(grounds).map(({ dead_letter_id }) => dead_letter_id), (dead_letter_ids) => ({ action: 'resolve_dead_letter', dead_letter_ids })),
  ...on(awaitedCompensations(grounds).map(({ compensation_id }) => compensation_id), (compensation_ids) => ({ action: 'run_or_cancel_compensation', compensation_ids })),
];

/** What an operator may do about it: in their order, each at most once (domain 11.5). Nothing about a run that is read only here. */
export const operatorActions = (grounds: SummaryGrounds): readonly OperatorAction[] => (grounds.run.imported === true ? [] : offered(grounds));
