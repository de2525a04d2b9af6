import { describe, expect, it } from '@jest/globals';
import type { CompensationRecord, GateDecisionRecord, LedgerDeadLetter, ObservedPolicyDecision, OutboxRecord, Run, RunObservability, StatefulEvent, StatefulSnapshot, ToolEffectRecord, WaitRecord } from '@cs/contracts';
import { JsonText } from '@cs/kernel';
import { LogHistory, project } from './log-history.fixture.js';
import { observeRunRows } from './run-observability.js';
import type { ObservedEvent, ObservedRows } from './run-observability.port.js';
import { writeSnapshot } from './run-snapshots.js';
import { toStatefulRun } from './stateful-run.js';

const limits = { event_limit: 1, snapshot_limit: 2, reliability_limit: 3, audit_limit: 4 };

/** At a gate of its definition, or at one that a decision of the policy opened. */
const runAtItsGate = (decision_id?: string): Run => {
  const log = new LogHistory();
  log.created('r1');
  log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
  log.gateOpened('r1', 'o1', decision_id === undefined ? {} : { policy: { decision_id, reason_code: 'because', reason: 'it is much', elevated: false, policy_version: '1:x' } });
  const [row] = project(log.entries).runs;
  if (row === undefined) throw new Error('no run was projected');
  return row.record;
};

const wait = (wait_id: string, over: Partial<WaitRecord> = {}): WaitRecord => ({
  schema_version: 1, wait_id, run_id: 'r1', wait_kind: 'timer', status: 'waiting', scope: { schema_version: 1, tenant_context: { org_id: 'acme', workspace_id: 'ops', deployment_id: null } }, phase_id: 'pause', reason: null,
  created_at_ms: 1, updated_at_ms: 1, wake_at_ms: 2, timeout_policy: null, event_seq: 1, wake_idempotency_key: null, completed_at_ms: null, metadata: null, ...over,
});
const gateWait = 'automation_v2:r1:sign:wait';
const decision = (decision_id: string, over: Partial<ObservedPolicyDecision> = {}): ObservedPolicyDecision => ({
  decision_id, run_id: 'r1', automation_id: 'refund', node_id: 'charge', tool: 'pay', decision: 'deny', reason_code: 'because', risk_tier: null, policy_id: null, grant_id: null, approval_id: null, audit_event_id: null,
  effect_id: `effect of ${decision_id}`, created_at_ms: 1, ...over,
});
const event = (seq: number, over: Partial<StatefulEvent> = {}): StatefulEvent => ({
  schema_version: 1, event_id: `e${seq}`, run_id: 'r1', seq, event_type: 'x', occurred_at_ms: seq, actor: null, phase_id: null, phase_transition: null, wait_kind: null, causation_id: null, correlation_id: null, position: seq, status: 'running', payload: {}, ...over,
});

const nothing = { outbox: [], tool_effects: [], dead_letters: [], compensations: [] };

const rowsOf = (over: Partial<ObservedRows> & { readonly stored?: Run } = {}): ObservedRows => {
  const { stored = runAtItsGate(), ...rest } = over;
  return { run: { run: stored, last_seq: 5, latest_event_id: 'e5', scope: null }, waits: [], events: [], snapshots: { events: [], transitions: [], entries: [] }, policy_decisions: [], reliability: nothing, active: nothing, audit: [], ...rest };
};
const observe = (over: Parameters<typeof rowsOf>[0] = {}, snapshots: readonly StatefulSnapshot[] = []): RunObservability => {
  const rows = rowsOf(over);
  return JSON.parse(observeRunRows({ run: toStatefulRun(rows.run), rows, gates: rows.run.run.checkpoint, snapshots: snapshots.map(writeSnapshot) }, limits).text) as RunObservability;
};
const observed = (stored: StatefulEvent): ObservedEvent => ({ ...stored, json: new JsonText(JSON.stringify(stored)) });
const withStatus = (run: Run, over: object): Run => ({ ...run, ...over }) as Run;

describe('the wait of a run', () => {
  it('run-level wait inferred only when no stored one', () => {
    const inferred = observe();
    expect(inferred.current_wait).toMatchObject({ wait_id: gateWait, wait_kind: 'approval', status: 'waiting', phase_id: 'sign', reason: 'run_level_active_wait', metadata: { source: 'run_record' } });
    expect([inferred.waits, inferred.counts.waits, inferred.counts.active_waits]).toEqual([[], 0, 1]);
    const stored = observe({ waits: [wait(gateWait, { wait_kind: 'approval', reason: null })] });
    expect(stored.current_wait).toMatchObject({ wait_id: gateWait, reason: null });
    expect(stored.counts).toMatchObject({ waits: 1, active_waits: 1 });
  });

  it('given a stored wait that ended under the same id, is inferred', () => {
    expect(observe({ waits: [wait(gateWait, { wait_kind: 'approval', status: 'cancelled' })] }).current_wait).toMatchObject({ reason: 'run_level_active_wait' });
  });

  it('given another that is active, comes after it', () => {
    const found = observe({ waits: [wait('w1'), wait('old', { status: 'woken' })] });
    expect(found.current_wait?.wait_id).toBe('w1');
    expect(found.operator_summary.allowed_actions).toContainEqual({ action: 'review_wait', wait_ids: ['w1', gateWait] });
    expect(found.counts).toMatchObject({ waits: 2, active_waits: 2 });
  });

  it('given a run that is over, is none', () => {
    const stored = withStatus(runAtItsGate(), { status: 'cancelled', finished_at_ms: 9 });
    expect(observe({ stored })).toMatchObject({ current_wait: null, operator_summary: { is_blocked: false, blocking_reasons: [], allowed_actions: [] } });
  });

  it('given one that was escalated, is still active', () => {
    expect(observe({ waits: [wait('w1', { status: 'escalated' })] }).current_wait).toMatchObject({ wait_id: 'w1', status: 'escalated' });
  });
});

describe('what blocks a run, and what an operator may do', () => {
  it('comes in its order, each once', () => {
    const stored = withStatus(runAtItsGate('d3'), { status: 'paused' });
    const made = [decision('d3', { decision: 'approval_required' }), decision('d2', { decision: 'approval_required' }), decision('d2', { decision: 'approval_required' }), decision('d1'), decision('d0', { decision: 'allow' })];
    const { operator_summary } = observe({ stored, waits: [wait('w1'), wait(gateWait, { wait_kind: 'approval' })], policy_decisions: made });
    expect(operator_summary.is_blocked).toBe(true);
    expect(operator_summary.blocking_reasons).toEqual([
      { kind: 'run_status', status: 'paused', phase_id: 'sign', historical: false },
      { kind: 'active_wait', wait_id: 'w1', wait_kind: 'timer', status: 'waiting', phase_id: 'pause', reason: null, historical: false },
      { kind: 'active_wait', wait_id: gateWait, wait_kind: 'approval', status: 'waiting', phase_id: 'pause', reason: null, historical: false },
      { kind: 'policy_decision', decision_id: 'd3', decision: 'approval_required', reason_code: 'because', tool: 'pay', approval_id: 'o1', historical: false },
      { kind: 'policy_decision', decision_id: 'd2', decision: 'approval_required', reason_code: 'because', tool: 'pay', approval_id: null, historical: false },
      { kind: 'policy_decision', decision_id: 'd1', decision: 'deny', reason_code: 'because', tool: 'pay', approval_id: null, historical: false },
    ]);
    expect(operator_summary.allowed_actions).toEqual([
      { action: 'resume_from_checkpoint', requires_status: ['paused', 'blocked', 'failed', 'dead_lettered', 'retrying'] },
      { action: 'review_wait', wait_ids: ['w1', gateWait] },
      { action: 'approve_or_deny_policy_decision', approval_refs: ['o1', 'd2'] },
    ]);
  });

  it('names the opening that asks for the approval of what a policy decided, also when it was settled; of others the approval that was used', () => {
    const asking = decision('d1', { decision: 'approval_required', effect_id: 'same' });
    const used = decision('d2', { decision: 'allow', approval_id: 'o1', effect_id: 'same' });
    const approvals = (stored: Run) => observe({ stored, policy_decisions: [used, asking, decision('d0')] }).policy_decisions.map(({ approval_id }) => approval_id);
    const open = runAtItsGate('d1');
    expect(approvals(open)).toEqual(['o1', 'o1', null]);
    const { awaiting_gate, ...checkpoint } = open.checkpoint;
    const record: GateDecisionRecord = { node_id: 'sign', gate_opening_id: 'o1', decision: 'approve', decided_at_ms: 9, decided_by: { kind: 'human', actor_id: 'ada' }, ...(awaiting_gate?.policy === undefined ? {} : { policy: awaiting_gate.policy }) };
    const settled = withStatus(open, { status: 'queued', checkpoint: { ...checkpoint, gate_history: [record] } });
    expect(approvals(settled)).toEqual(['o1', 'o1', null]);
    expect(approvals(runAtItsGate('another'))).toEqual(['o1', null, null]);
    expect(observe({ stored: open, policy_decisions: [asking] }).operator_summary.allowed_actions).toContainEqual({ action: 'approve_or_deny_policy_decision', approval_refs: ['o1'] });
  });

  it.each([
    ['paused', { status: 'paused' }, true], ['retrying', { status: 'queued', scheduler: { queue_reason: 'retry_backoff', queued_at_ms: 1 } }, true], ['blocked', { status: 'blocked', finished_at_ms: 1 }, true], ['failed', { status: 'failed', finished_at_ms: 1 }, true],
    ['dead_lettered', { status: 'failed', finished_at_ms: 1, dead_letter_id: 'd' }, true], ['queued', { status: 'queued' }, false], ['running', { status: 'running' }, false], ['completed', { status: 'completed', finished_at_ms: 1 }, false],
  ])('given a run that is %s, its status blocks it: %s', (status, over, blocks) => {
    const { run, operator_summary } = observe({ stored: withStatus(runAtItsGate(), over) });
    expect(run.status).toBe(status);
    expect(operator_summary.blocking_reasons.some(({ kind }) => kind === 'run_status')).toBe(blocks);
    expect(operator_summary.allowed_actions.some(({ action }) => action === 'resume_from_checkpoint')).toBe(blocks);
  });

  it('says of a decision that is settled that it is history, and lists it all the same', () => {
    const made = [decision('d2', { decision: 'allow', approval_id: 'o1', effect_id: 'same' }), decision('d1', { decision: 'approval_required', effect_id: 'same' })];
    const history = (stored: Run) => observe({ stored, policy_decisions: made }).operator_summary.blocking_reasons.filter(({ kind }) => kind === 'policy_decision').map(({ historical }) => historical);
    expect(history(runAtItsGate())).toEqual([true]);
    const over = observe({ stored: withStatus(runAtItsGate(), { status: 'completed', finished_at_ms: 9 }), policy_decisions: [decision('d1')] });
    expect(over.operator_summary).toMatchObject({ is_blocked: true, blocking_reasons: [{ decision_id: 'd1', historical: true }] });
  });
});

describe('the reliability ledger in the document', () => {
  const scope = { schema_version: 1, tenant_context: { org_id: 'acme', workspace_id: 'ops', deployment_id: null } } as const;
  const common = { scope, run_id: 'r1', created_at_ms: 1, updated_at_ms: 1, metadata: null, node_id: 'charge', compensation_id: null, attempts: 1 };
  const outbox = (outbox_id: string, status: OutboxRecord['status']): OutboxRecord => ({
    ...common, outbox_id, status, operation: 'pay', source_kind: 'node', source_id: 'charge', provider: null, tool: null, target: null, idempotency_key: outbox_id, payload_digest: null, policy_decision_id: null, effect_id: `of ${outbox_id}`, receipt_id: null,
    dead_letter_id: status === 'dead_lettered' ? 'l1' : null, claimed_by: null, claimed_at_ms: null, claim_expires_at_ms: null,
  });
  const effect = (effect_id: string, status: ToolEffectRecord['status']): ToolEffectRecord => ({
    ...common, effect_id, status, outbox_id: 'o', action_id: 'a', operation: 'pay', source_kind: 'node', source_id: 'charge', provider: null, tool: null, target: null, policy_decision_id: null, input_digest: null, output_digest: null,
    receipt_payload_digest: null, receipt_payload_redacted: null, receipt_pointer: null, redaction_tier: 'safe_ui', audit_hash: 'h', error: null,
  });
  const letter = (dead_letter_id: string, status: string): LedgerDeadLetter => ({
    ...common, dead_letter_id, status, source_type: 'node', source_id: 'charge', reason: 'away', recovery_options: ['retry'], payload_pointer: null, operator_disposition: null, disposition_reason: null, disposition_actor: null, disposition_at_ms: null,
  });
  const compensation = (compensation_id: string, status: string): CompensationRecord => ({
    ...common, compensation_id, status, compensation_type: 'operator_review', target_effect_id: 'e1', outbox_id: null, approval_required: true, action: null, receipt_effect_id: null,
  });

  it('says what of it blocks the run, and offers what can be done about it', () => {
    const letters = [letter('l1', 'open'), letter('l2', 'retry_requested')];
    const compensations = [compensation('c1', 'proposed'), compensation('c2', 'failed'), compensation('c3', 'awaiting_approval'), compensation('c4', 'running')];
    const reliability = {
      outbox: [outbox('o1', 'pending'), outbox('o2', 'claimed'), outbox('o3', 'failed'), outbox('o4', 'dead_lettered'), outbox('o5', 'sent')],
      tool_effects: [effect('e1', 'failed'), effect('e2', 'unknown'), effect('e3', 'pending'), effect('e4', 'succeeded')], dead_letters: letters, compensations,
    };
    const stored = withStatus(runAtItsGate(), { status: 'completed', finished_at_ms: 9 });
    const { operator_summary, counts, reliability: shown } = observe({ stored, reliability, active: reliability });
    expect(operator_summary.blocking_reasons.map(({ kind, historical, ...rest }) => [kind, Object.values(rest)[0], historical])).toEqual([
      ['outbox', 'o1', false], ['outbox', 'o3', false], ['outbox', 'o4', false], ['tool_effect', 'e1', false], ['tool_effect', 'e2', false], ['dead_letter', 'l1', false], ['compensation', 'c2', false], ['compensation', 'c1', false], ['compensation', 'c3', false],
    ]);
    expect(operator_summary.allowed_actions).toEqual([
      { action: 'retry_or_reconcile_effect', effect_ids: ['e1', 'e2'] }, { action: 'resolve_dead_letter', dead_letter_ids: ['l1'] }, { action: 'run_or_cancel_compensation', compensation_ids: ['c1', 'c3'] },
    ]);
    expect([shown, counts]).toEqual([reliability, expect.objectContaining({ outbox: 5, tool_effects: 4, dead_letters: 2, compensations: 4 })]);
  });

  it('given a list of more than it shows, still says what of all of it blocks the run', () => {
    const shown = { ...nothing, outbox: [outbox('o9', 'sent')], tool_effects: [effect('e9', 'succeeded')] };
    const found = observe({ reliability: shown, active: { ...nothing, outbox: [outbox('o1', 'pending')], tool_effects: [effect('e1', 'unknown')] } });
    expect(found.operator_summary.blocking_reasons.slice(1)).toEqual([
      { kind: 'outbox', outbox_id: 'o1', status: 'pending', operation: 'pay', dead_letter_id: null, historical: false }, { kind: 'tool_effect', effect_id: 'e1', status: 'unknown', operation: 'pay', compensation_id: null, historical: false },
    ]);
    expect(found.operator_summary.allowed_actions).toContainEqual({ action: 'retry_or_reconcile_effect', effect_ids: ['e1'] });
    expect(found.reliability.tool_effects.map(({ effect_id }) => effect_id)).toEqual(['e9']);
  });

  it('superseded recovery absent from the summary but present in history', () => {
    const found = observe({ reliability: { ...nothing, dead_letters: [letter('l1', 'open')], compensations: [compensation('c1', 'proposed')] } });
    expect(found.operator_summary.blocking_reasons.map(({ kind }) => kind)).toEqual(['active_wait']);
    expect(found.operator_summary.allowed_actions.map(({ action }) => action)).toEqual(['review_wait']);
    expect(found.reliability).toMatchObject({ dead_letters: [{ dead_letter_id: 'l1' }], compensations: [{ compensation_id: 'c1' }] });
  });
});

describe('the timeline in the document', () => {
  it('names the newest event, and the causes and correlations of those that have any', () => {
    const events = [event(3), event(4, { causation_id: 'w1' }), event(5, { correlation_id: 'refund', phase_id: 'sign' })];
    expect(observe({ events: events.map(observed) }).events).toEqual({
      latest: { event_id: 'e5', seq: 5, event_type: 'x', occurred_at_ms: 5, phase_id: 'sign', causation_id: null, correlation_id: 'refund' }, tail: events,
      correlation_ids: [{ event_id: 'e4', seq: 4, causation_id: 'w1', correlation_id: null }, { event_id: 'e5', seq: 5, causation_id: null, correlation_id: 'refund' }],
    });
    expect(observe().events).toEqual({ latest: null, tail: [], correlation_ids: [] });
  });
});

describe('the snapshots in the document', () => {
  const snapshot = (seq: number, size = 1): StatefulSnapshot => ({
    schema_version: 1, snapshot_id: `e${seq}`, run_id: 'r1', seq, created_at_ms: seq, scope: { schema_version: 1, tenant_context: { org_id: 'acme', workspace_id: 'ops', deployment_id: null } }, status: 'running', phase: 'running_phase',
    phase_history: [], allowed_next_phases: [], phase_id: null, source_record_kind: 'automation_v2', checkpoint: { completed_nodes: ['x'.repeat(size)] }, payload_digest: 'sha256:0', workflow_definition_version: null, workflow_definition_snapshot_hash: null,
    metadata: { source: 'automation_v2_lifecycle', event_id: `e${seq}`, event: 'x', lifecycle_index: seq - 1, redaction_tier: 'summary', activity_boundary: true },
  });

  it('are all there, with the newest named', () => {
    const found = observe({}, [snapshot(1), snapshot(2)]);
    expect(found.snapshots).toEqual({ latest: { snapshot_id: 'e2', seq: 2, status: 'running', phase: 'running_phase', created_at_ms: 2 }, items: [snapshot(1), snapshot(2)] });
    expect([found.counts.snapshots, observe().snapshots]).toEqual([2, { latest: null, items: [] }]);
  });

  it('given more than one answer holds, are the newest that fit, and one at least', () => {
    const seqs = (...sizes: readonly number[]) => observe({}, sizes.map((size, index) => snapshot(index + 1, size))).snapshots.items.map(({ seq }) => seq);
    expect(seqs(400_000, 400_000, 400_000, 10)).toEqual([2, 3, 4]);
    expect(seqs(10, 2_000_000)).toEqual([2]);
  });

  it('are counted in bytes, not in characters', () => {
    const wide = (seq: number): StatefulSnapshot => ({ ...snapshot(seq), checkpoint: { completed_nodes: ['字'.repeat(200_000)] } });
    expect(observe({}, [wide(1), wide(2)]).snapshots.items.map(({ seq }) => seq)).toEqual([2]);
  });
});
