import { describe, expect, it } from '@jest/globals';
import type { CompensationRecord, LedgerDeadLetter, ResumePoint, Run, RunEvent, ToolEffectRecord } from '@cs/contracts';
import { LogHistory, project } from './log-history.fixture.js';
import { resumePlan } from './resume-plan.js';
import type { PlannedRecovery } from './resume-plan-queries.port.js';

const none = { items: [], found: 0, retryable: 0 };
const nothing: PlannedRecovery = { completed_effects: none, uncertain_effects: none, pending_compensations: none, dead_letters: none };

const runAfter = (write: (log: LogHistory) => unknown): Run => {
  const log = new LogHistory();
  log.created('r1');
  write(log);
  const row = project(log.entries).runs.at(-1);
  if (row === undefined) throw new Error('no run was projected');
  return row.record;
};
const charging = (mode: 'keyed' | 'safe' | 'none', item?: number): RunEvent => ({
  event_type: 'node_started', data: { node_id: 'charge', ...(item === undefined ? {} : { item }), attempt: 1, effect: { effect_id: 'r1:charge:0', idempotency_key: 'r1:charge:0', mode } },
});
const charged: RunEvent = { event_type: 'node_completed', data: { node_id: 'charge', attempt: 1, output: { status: 'completed', contract_kind: 'http', content: 1, created_at_ms: 1 } } };
const runOf = (over: object, checkpoint: Partial<Run['checkpoint']> = {}): Run => {
  const run = runAfter((log) => log.claimed('r1'));
  return { ...run, ...over, checkpoint: { ...run.checkpoint, ...checkpoint } } as Run;
};
const failedRun = (checkpoint: Partial<Run['checkpoint']> = {}): Run => runOf({ status: 'failed', finished_at_ms: 9 }, checkpoint);

const common = { scope: { schema_version: 1, tenant_context: { org_id: 'acme', workspace_id: 'ops', deployment_id: null } }, run_id: 'r1', node_id: 'charge', created_at_ms: 1, updated_at_ms: 1, metadata: null, attempts: 1, compensation_id: null } as const;
const effect = (effect_id: string, status: ToolEffectRecord['status']): ToolEffectRecord => ({
  ...common, effect_id, status, outbox_id: 'o', action_id: 'a', operation: 'pay', source_kind: 'node', source_id: 'charge', provider: null, tool: null, target: null, policy_decision_id: null, input_digest: null, output_digest: null,
  receipt_payload_digest: null, receipt_payload_redacted: null, receipt_pointer: null, redaction_tier: 'safe_ui', audit_hash: 'h', error: null,
});
const letter: LedgerDeadLetter = {
  ...common, dead_letter_id: 'l1', status: 'open', source_type: 'stateful_wait', source_id: 'w', reason: 'away', recovery_options: ['ignore'], payload_pointer: null, operator_disposition: null, disposition_reason: null, disposition_actor: null, disposition_at_ms: null,
};
const compensation: CompensationRecord = { ...common, compensation_id: 'c1', status: 'proposed', compensation_type: 'operator_review', target_effect_id: 'e1', outbox_id: null, approval_required: true, action: null, receipt_effect_id: null };
const uncertain = { items: [effect('e1', 'unknown')], found: 1, retryable: 1 };

const points = (run: Run): readonly ResumePoint[] => resumePlan(run, nothing, 1).safe_resume_points;
const choices = (planned: Partial<PlannedRecovery>, run = failedRun()): readonly string[] => resumePlan(run, { ...nothing, ...planned }, 1).operator_choices.map(({ choice }) => choice);

describe('with what a run would go on', () => {
  it('is behind what is completed, at what is pending, and at what is blocked, in this order', () => {
    const run = failedRun({ completed_nodes: ['a', 'b'], pending_nodes: ['c', 'd', 'e'], blocked_nodes: ['d'] });
    expect(points(run)).toEqual([
      { kind: 'completed_node_boundary', node_id: 'a', resume_after: 'a' }, { kind: 'completed_node_boundary', node_id: 'b', resume_after: 'b' },
      { kind: 'pending_node', node_id: 'c', retry_safe: true }, { kind: 'pending_node', node_id: 'e', retry_safe: true }, { kind: 'blocked_node', node_id: 'd', requires_operator_review: true },
    ]);
  });

  it.each(['failed', 'blocked', 'paused'])('is the run itself when it has none of them and is %s', (status) => {
    expect(points(runOf({ status }, { pending_nodes: [] }))).toEqual([{ kind: 'run_boundary', requires_operator_review: true }]);
  });

  it.each(['queued', 'running', 'completed', 'cancelled'])('is nothing when it has none of them and is %s', (status) => {
    expect(points(runOf({ status }, { pending_nodes: [] }))).toEqual([]);
  });

  it.each<[string, boolean, readonly RunEvent[]]>([
    ['was not begun', true, []], ['is under way and may be repeated at will', true, [charging('safe')]], ['is under way under a key', false, [charging('keyed')]], ['is under way and may not be sent twice', false, [charging('none')]],
  ])('at a node whose effect %s is safe to retry: %s', (_what, retry_safe, events) => {
    expect(points(runAfter((log) => log.claimed('r1', ...events)))).toEqual([{ kind: 'pending_node', node_id: 'charge', retry_safe }, { kind: 'pending_node', node_id: 'sign', retry_safe: true }]);
  });

  it('is not safe to retry where an item is under way, or an attempt may have happened', () => {
    const effectOfItem = { attempt: 1, started_at_ms: 1, lease_epoch: 1, effect: { effect_id: 'e', idempotency_key: 'e', mode: 'keyed' } } as const;
    expect(points(failedRun({ pending_nodes: ['charge'], in_progress: { 'charge[3]': effectOfItem } }))).toEqual([{ kind: 'pending_node', node_id: 'charge', retry_safe: false }]);
    expect(points(failedRun({ pending_nodes: ['charge'], unknown_effects: { charge: 'r1:charge:0' } }))).toEqual([{ kind: 'pending_node', node_id: 'charge', retry_safe: false }]);
  });
});

describe('what an operator may choose', () => {
  const anything: Partial<PlannedRecovery> = { uncertain_effects: uncertain, pending_compensations: { items: [compensation], found: 1, retryable: 0 } };

  it('comes in its order, with how each is executed and whether something follows by itself', () => {
    expect(resumePlan(failedRun(), { ...nothing, ...anything }, 1).operator_choices).toEqual([
      { choice: 'abandon_with_audit', execution_mode: 'audit_disposition_only', automatic: false },
      { choice: 'resume_from_checkpoint', execution_mode: 'operator_request_record_only', automatic: false },
      { choice: 'retry_failed_effect', execution_mode: 'automatic_retry_dispatch', automatic: true },
      { choice: 'reconcile_external_effect', execution_mode: 'operator_request_record_only', automatic: false },
      { choice: 'compensate_pending_effects', execution_mode: 'stateful_compensation_engine', automatic: true },
    ]);
  });

  it('is always to abandon, and to resume where there is something to go on with', () => {
    expect(choices({}, runOf({ status: 'completed', finished_at_ms: 9 }, { pending_nodes: [] }))).toEqual(['abandon_with_audit']);
    expect(choices({})).toEqual(['abandon_with_audit', 'resume_from_checkpoint']);
  });

  it('is to retry or to reconcile where an effect is uncertain, or a letter may be retried', () => {
    const doubtful = ['abandon_with_audit', 'resume_from_checkpoint', 'retry_failed_effect', 'reconcile_external_effect'];
    expect(choices({ uncertain_effects: uncertain })).toEqual(doubtful);
    expect(choices({ dead_letters: { items: [letter], found: 1, retryable: 1 } })).toEqual(doubtful);
  });

  it('is neither where there is only a letter that takes no retry, or an effect that is linked to its compensation', () => {
    expect(choices({ dead_letters: { items: [letter], found: 1, retryable: 0 }, uncertain_effects: { ...uncertain, retryable: 0 } })).toEqual(['abandon_with_audit', 'resume_from_checkpoint']);
  });

  it('is to compensate where a compensation has not ended', () => {
    expect(choices({ pending_compensations: { items: [compensation], found: 1, retryable: 0 } })).toEqual(['abandon_with_audit', 'resume_from_checkpoint', 'compensate_pending_effects']);
  });
});

describe('a resume plan', () => {
  it('says where the run stands, and shows what the ledger has', () => {
    const run = runAfter((log) => log.claimed('r1', charging('keyed'), charged));
    const plan = resumePlan(run, { ...nothing, completed_effects: { items: [effect('e0', 'succeeded')], found: 1, retryable: 0 }, uncertain_effects: uncertain, dead_letters: { items: [letter], found: 1, retryable: 0 } }, 77);
    expect(plan).toMatchObject({
      plan_id: 'resume-plan-r1', run_id: 'r1', generated_at_ms: 77, run: { run_id: 'r1' }, run_status: 'running', completed_nodes: ['charge'], pending_nodes: ['sign'], blocked_nodes: [], last_failure: null,
      completed_effects: [{ effect_id: 'e0' }], uncertain_effects: [{ effect_id: 'e1' }], pending_compensations: [], dead_letters: [{ dead_letter_id: 'l1' }], cut_lists: [],
    });
  });

  it('counts what there is, and says which lists hold less', () => {
    const planned: PlannedRecovery = { completed_effects: { items: [], found: 5000, retryable: 0 }, uncertain_effects: { items: [effect('e1', 'failed')], found: 1200, retryable: 1200 }, pending_compensations: none, dead_letters: { items: [letter], found: 1, retryable: 0 } };
    expect(resumePlan(failedRun(), planned, 1)).toMatchObject({
      cut_lists: ['completed_effects', 'uncertain_effects'], audit_summary: { completed_effects: 5000, uncertain_effects: 1200, pending_compensations: 0, dead_letters: 1, requires_operator_review: true },
    });
  });

  it.each<[string, Partial<PlannedRecovery>, Run]>([
    ['an uncertain effect', { uncertain_effects: uncertain }, failedRun()], ['a compensation that has not ended', { pending_compensations: { items: [compensation], found: 1, retryable: 0 } }, failedRun()],
    ['a dead letter', { dead_letters: { items: [letter], found: 1, retryable: 0 } }, failedRun()], ['a blocked node', {}, failedRun({ blocked_nodes: ['charge'] })],
  ])('asks for an operator where there is %s', (_what, planned, run) => {
    expect(resumePlan(run, { ...nothing, ...planned }, 1).audit_summary.requires_operator_review).toBe(true);
  });

  it('asks for nobody where there is none of these', () => {
    expect(resumePlan(failedRun(), { ...nothing, completed_effects: { items: [], found: 9, retryable: 0 } }, 1).audit_summary.requires_operator_review).toBe(false);
  });
});
