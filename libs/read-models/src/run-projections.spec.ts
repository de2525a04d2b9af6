import { describe, expect, it } from '@jest/globals';
import { LogHistory, person, project } from './log-history.fixture.js';
import type { JsonObject } from '@cs/kernel';
import { projectRunEvents } from './run-event.projection.js';
import { toPublishedEvents } from './published-event.projection.js';
import { toStatefulRun } from './stateful-run.js';
import { phaseOf, statefulStatusesOf, statusesLike } from './phase.js';

describe('the timeline', () => {
  it('given commits of several events, numbers them without gaps and says the status that each of them led to', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
    log.gateOpened('r1', 'o1');
    const events = project(log.entries).run_events;
    expect(events.map(({ seq, event_type, status, phase_id, wait_kind }) => [seq, event_type, status, phase_id, wait_kind])).toEqual([
      [1, 'stateful_runtime.automation_v2.run_created', 'queued', null, null],
      [2, 'stateful_runtime.automation_v2.run_execution_claimed', 'running', null, null],
      [3, 'stateful_runtime.automation_v2.node_started', 'running', 'charge', null],
      [4, 'stateful_runtime.automation_v2.node_completed', 'running', 'charge', null],
      [5, 'stateful_runtime.automation_v2.approval_gate_opened', 'awaiting_approval', 'sign', 'approval'],
    ]);
    expect(events[1]).toMatchObject({
      causation_id: 'claim', correlation_id: 'refund', actor: person, position: 2,
      payload: { source: 'automation_v2_lifecycle', automation_id: 'refund', trigger_type: 'manual', status: 'running', event: 'run_execution_claimed', lifecycle_index: 1, lifecycle_occurrence: 0, counts_as_activity: false },
    });
  });

  it('event type, correlation, causation, phase id and payload as in domain 7.3', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.backedOff('r1', 'w1');
    log.woken('r1', 'w1');
    log.gateOpened('r1', 'o1');
    log.decided('r1', 'o1', 'cancel');
    const of = (name: string) => project(log.entries).run_events.find(({ payload }) => (payload as JsonObject)['event'] === name);
    expect(of('run_execution_claimed')).toMatchObject({ causation_id: 'claim', phase_id: null, wait_kind: null });
    expect(of('node_retry_backoff_scheduled')).toMatchObject({ causation_id: null, phase_id: 'charge', wait_kind: 'retry_backoff', payload: { reason: 'timed out', stop_kind: null, metadata: { attempt: 1, next_attempt: 2 }, counts_as_activity: true } });
    expect(of('stateful_wait_woken_requeued')).toMatchObject({ event_type: 'stateful_runtime.automation_v2.stateful_wait_woken_requeued', causation_id: 'w1', correlation_id: 'refund', phase_id: 'charge', wait_kind: 'retry_backoff' });
    expect(of('approval_gate_decided')).toMatchObject({ phase_id: 'sign', payload: { reason: 'as agreed', metadata: { gate_opening_id: 'o1', decision: 'cancel' } } });
    expect(of('run_cancelled')).toMatchObject({ phase_id: null, wait_kind: null, payload: { status: 'cancelled', reason: 'as agreed', stop_kind: 'cancelled', lifecycle_index: 8 } });
  });

  it.each([
    ['session_id', { session_id: ' s1 ', wait_id: 'w', delivery_id: 'd', handoff_id: 'h', claim: { claim_id: 'c' } }, 's1'], ['wait_id', { session_id: ' ', wait_id: 'w', delivery_id: 'd', handoff_id: 'h' }, 'w'], ['delivery_id', { delivery_id: 'd', handoff_id: 'h' }, 'd'],
    ['handoff_id', { handoff_id: 'h', claim: { claim_id: 'c' } }, 'h'], ['claim.claim_id', { claim: { claim_id: 'c' } }, 'c'], ['nothing', {}, null],
  ])('has as its cause the first of what it names: %s', (_first, named, expected) => {
    const log = new LogHistory();
    log.created('r1');
    const { stored } = log.claimed('r1');
    const [event] = stored?.commit.events ?? [];
    if (stored === undefined || event === undefined) throw new Error('no event');
    const rows = (over: object) => projectRunEvents({ stored: { ...stored, commit: { ...stored.commit, events: [{ ...event, data: named, ...over }] } }, before: undefined, run: undefined, steps: [] });
    expect(rows({})).toMatchObject([{ causation_id: expected }]);
    expect(rows({ causation_id: 'told' })).toMatchObject([{ causation_id: 'told' }]);
  });

  it('given a back-off, shows the run as retrying and its wait', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.backedOff('r1', 'w1');
    const { runs, run_events } = project(log.entries);
    expect(runs[0]).toMatchObject({ status: 'queued', stateful_status: 'retrying', phase: 'retrying' });
    expect(run_events.at(-2)).toMatchObject({ wait_kind: 'retry_backoff', phase_id: 'charge', status: 'running', phase_transition: null });
    expect(run_events.at(-1)).toMatchObject({ status: 'retrying', phase_transition: { from_phase: 'running_phase', to_phase: 'retrying' } });
    expect(runs[0] && toStatefulRun({ run: runs[0].record, last_seq: 4, latest_event_id: run_events.at(-1)?.event_id ?? null, scope: null })).toMatchObject({
      latest_snapshot_id: run_events.at(-1)?.event_id, status: 'retrying', active_wait_kind: 'retry_backoff', active_wait_id: 'w1', last_seq: 4 });
  });
});

describe('waits', () => {
  const parked = (): LogHistory => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.backedOff('r1', 'w1');
    return log;
  };

  it('given a scheduled retry, opens a wait that knows when to wake', () => {
    expect(project(parked().entries).waits).toEqual([
      expect.objectContaining({ wait_id: 'w1', wait_kind: 'retry_backoff', status: 'waiting', phase_id: 'charge', wake_at_ms: 1_005_020, event_seq: 3, completed_at_ms: null }),
    ]);
  });

  it('given that it woke, ends it with the key that woke it', () => {
    const log = parked();
    log.woken('r1', 'w1');
    expect(project(log.entries).waits).toEqual([expect.objectContaining({ status: 'woken', wake_idempotency_key: 'timer:w1', completed_at_ms: log.at_ms, event_seq: 5 })]);
  });

  it('given that its run failed or its node was reset, cancels it', () => {
    const failed = parked();
    failed.run('r1', { event_type: 'run_failed', data: { detail: 'no' } });
    expect(project(failed.entries).waits).toEqual([expect.objectContaining({ status: 'cancelled', reason: 'run:failed' })]);
    const reset = parked();
    reset.run('r1', { event_type: 'node_approval_rollback', data: { node_ids: ['charge'], reset_nodes: ['charge'] } });
    expect(project(reset.entries).waits).toEqual([expect.objectContaining({ wait_id: 'w1', status: 'cancelled' })]);
  });

  it('given a gate, waits for its decision under one id, and opens again when the gate does', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.gateOpened('r1', 'o1');
    const id = 'automation_v2:r1:sign:wait';
    expect(project(log.entries).waits).toEqual([expect.objectContaining({ wait_id: id, wait_kind: 'approval', status: 'waiting', wake_at_ms: null })]);
    log.decided('r1', 'o1', 'rework');
    expect(project(log.entries).waits).toEqual([expect.objectContaining({ wait_id: id, status: 'woken', wake_idempotency_key: expect.stringMatching(/^approval:r1:sign:\d+:woken$/) })]);
    log.claimed('r1');
    log.gateOpened('r1', 'o2');
    expect(project(log.entries).waits).toEqual([expect.objectContaining({ wait_id: id, status: 'waiting', completed_at_ms: null })]);
    log.decided('r1', 'o2', 'cancel');
    expect(project(log.entries).waits).toEqual([expect.objectContaining({ wait_id: id, status: 'cancelled' })]);
  });
});

describe('gates', () => {
  const opened = (): LogHistory => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.gateOpened('r1', 'o1');
    return log;
  };

  it('given an opening, keeps what the inbox shows', () => {
    const [row] = project(opened().entries).gates;
    expect(row).toMatchObject({ gate_opening_id: 'o1', status: 'open', run_id: 'r1', automation_id: 'refund', requested_by: person, decision: null, gate: { title: 'Refund 42 EUR?' } });
  });

  it('given a decision, keeps who decided what, and one row per opening', () => {
    const log = opened();
    log.decided('r1', 'o1', 'rework');
    log.claimed('r1');
    log.gateOpened('r1', 'o2');
    expect(project(log.entries).gates).toEqual([
      expect.objectContaining({ gate_opening_id: 'o1', status: 'decided', decision: 'rework', decided_by: person, reason: 'as agreed' }),
      expect.objectContaining({ gate_opening_id: 'o2', status: 'open', decision: null }),
    ]);
  });

  it('given a run that ended without a decision, closes its gate', () => {
    const log = opened();
    log.run('r1', { event_type: 'run_cancelled', data: { reason: 'stopped', stop_kind: 'operator_stopped' } });
    expect(project(log.entries).gates).toEqual([
      expect.objectContaining({ gate_opening_id: 'o1', status: 'closed', decision: null, decided_by: person, decided_at_ms: log.at_ms, reason: 'stopped' }),
    ]);
  });

  it('given who may decide and what is at stake, keeps what the inbox finds it by', () => {
    const log = opened();
    expect(project(log.entries).gates[0]?.keys).toEqual({
      kind: 'approval_gate', risk_tier: null, data_classes: [], requester: 'ada', barred: null, approvers: ['anyone'], voters: [], authority: null,
    });
    const gate = {
      node_id: 'sign', gate_opening_id: 'o2', approval_request_id: 'q', wait_id: 'w', transition_id: 't', title: 'Pay?', decisions: ['approve', 'cancel'], rework_targets: [], requested_at_ms: 9, upstream_node_ids: [],
      risk_tier: 'external_send', data_classes: ['regulated'], approvals_required: 2, approvers: [{ kind: 'person', id: ' Grace' }, { kind: 'role', id: 'Lead' }],
    } as const;
    log.decided('r1', 'o1', 'rework');
    log.claimed('r1');
    log.run('r1', { event_type: 'approval_gate_opened', data: { gate, blocked_nodes: [] } });
    const vote = { vote_id: 'v1', voter: 'grace', decision: 'approve', voted_by: person, voted_at_ms: 5 } as const;
    log.run('r1', { event_type: 'approval_gate_vote_recorded', data: { node_id: 'sign', gate_opening_id: 'o2', vote } });
    expect(project(log.entries).gates[1]?.keys).toEqual({
      kind: 'dual_control', risk_tier: 'external_send', data_classes: ['regulated'], requester: 'ada', barred: null, voters: ['grace'],
      approvers: [JSON.stringify(['person', 'grace']), JSON.stringify(['role', 'lead'])],
      authority: { eligibility: 'none', data_classes: ['regulated'], tenant_source: 'explicit', resource: expect.objectContaining({ resource_kind: 'approval', resource_id: 'refund:sign' }) },
    });
  });
});

describe('published events', () => {
  it('carry their place in the run and in the log', () => {
    const log = new LogHistory();
    log.created('r1');
    const { stored, body } = log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
    if (!stored) throw new Error('not stored');
    expect(toPublishedEvents(stored, { from: 1, bodyLength: body.length })).toEqual([
      { ref: stored.ref, position: 2, index: 1, event: expect.objectContaining({ event_type: 'node_started', seq: 3, position: 2, status: 'running', aggregate: 'run', aggregate_id: 'r1', org_id: 'acme', actor: person }) },
    ]);
  });

  it('leave data out that is too large to send', () => {
    const log = new LogHistory();
    const { stored, body } = log.created('r1', 'x'.repeat(5_000_000));
    if (!stored) throw new Error('not stored');
    expect(toPublishedEvents(stored, { bodyLength: body.length })[0]?.event.data).toMatchObject({ omitted: 'too_large' });
  });
});

describe('phases', () => {
  it('are the status of a release that knows it, else the status itself', () => {
    expect(phaseOf('blocked')).toBe('paused_attention_required');
    expect(phaseOf('dreaming')).toBe('dreaming');
  });

  it('say under which stateful statuses a stored status shows', () => {
    expect(statefulStatusesOf('queued')).toEqual(['queued', 'retrying', 'held']);
    expect(statefulStatusesOf('completed')).toEqual(['completed']);
    expect(statefulStatusesOf('failed')).toEqual(['failed', 'dead_lettered']);
    expect(statefulStatusesOf('dead_lettered')).toEqual([]);
    expect([statusesLike('failed'), statusesLike('dead_lettered'), statusesLike('sleeping')]).toEqual([['failed', 'dead_lettered'], ['dead_lettered'], ['sleeping']]);
    expect(statefulStatusesOf('sleeping')).toEqual([]);
    expect(statefulStatusesOf('nonsense')).toEqual([]);
  });
});

describe('a gate that time and votes change', () => {
  const at = { node_id: 'sign', gate_opening_id: 'o1' };
  const escalated = { ...at, expires_at_ms: 1, escalated_to: 'lead', escalations: 1, notification_key: 'automation_v2:r1:sign:escalated:1' };

  it('shows its votes and its escalation in the inbox, and its next deadline among the waits', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.gateOpened('r1', 'o1');
    const vote = { vote_id: 'v1', voter: 'ada', decision: 'approve', voted_by: person, voted_at_ms: 5 } as const;
    log.run('r1', { event_type: 'approval_gate_vote_recorded', data: { ...at, vote } });
    log.run('r1', { event_type: 'approval_gate_escalated', data: escalated });
    const { gates, waits } = project(log.entries);
    expect(gates).toMatchObject([{ status: 'open', gate: { votes: [vote], policy_state: { escalated_to: 'lead' } }, expires_at_ms: gates[0]?.gate?.expires_at_ms }]);
    expect(waits).toMatchObject([{ wait_kind: 'approval', status: 'waiting', timeout_policy: { timeout_at_ms: gates[0]?.expires_at_ms }, metadata: { gate_policy_state: { escalated_to: 'lead' } } }]);
  });

  it('that expires ends its wait as cancelled, under a key of its own', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.gateOpened('r1', 'o1');
    const record = { ...at, decision: 'expired', decided_at_ms: 9, decided_by: { kind: 'system', source: 'automation_gate_expiry' } } as const;
    log.run('r1', { event_type: 'approval_gate_decided', data: record }, { event_type: 'run_cancelled', data: { reason: 'expired', stop_kind: 'cancelled' } });
    const { gates, waits } = project(log.entries);
    expect([gates[0]?.status, gates[0]?.decision, waits[0]?.status, waits[0]?.reason]).toEqual(['decided', 'expired', 'cancelled', 'decision:expired']);
  });
});
