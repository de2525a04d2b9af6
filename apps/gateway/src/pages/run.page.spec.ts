import type { BlockingReason, OperatorAction, RunObservability } from '@cs/contracts';
import { question, request } from './asked.fixture.js';
import { deadLetter, observedRun, timelineEvent, toolEffect } from './observed-run.fixture.js';
import { runPage, type RunView } from './run.page.js';

const token = `ghp_${'aB3'.repeat(12)}`;

const pageOf = (observed: RunObservability = observedRun(), over: Partial<RunView> = {}): string => runPage({ observed, name: 'Refund', open: [], decided: [], asked: [], answered: [], ...over }).text;
const summary = (blocking_reasons: readonly BlockingReason[], allowed_actions: readonly OperatorAction[] = []): RunObservability => observedRun({ operator_summary: { is_blocked: true, blocking_reasons, allowed_actions } });
const effectReason = (effect_id: string): BlockingReason => ({ kind: 'tool_effect', effect_id, status: 'unknown', operation: 'POST', compensation_id: null, historical: false });
const letterReason = (dead_letter_id: string): BlockingReason => ({ kind: 'dead_letter', dead_letter_id, source_type: 'tool_effect', reason: 'x', historical: false });

describe('the page of a run', () => {
  it('says what it waits for, and since when: of a gate since that opened', () => {
    const atGate = pageOf(observedRun(), { open: [request({ requested_at_ms: 120_000 })] });
    for (const part of ['a decision, step sign', '<dt>Since</dt><dd><time datetime="1970-01-01T00:02:00.000Z">', 'awaiting approval']) expect(atGate).toContain(part);
    expect(atGate).not.toContain('run_level_active_wait');
    const { current_wait } = observedRun();
    if (current_wait === null) throw new Error('it waits');
    const timer = pageOf(observedRun({ current_wait: { ...current_wait, wait_kind: 'timer', reason: `until ${token}`, wake_at_ms: 900_000 } }));
    for (const part of ['a time, step sign: until [redacted]', '1970-01-01 00:10 UTC', '1970-01-01 00:15 UTC']) expect(timer).toContain(part);
    expect(pageOf(observedRun({ current_wait: null }))).toContain('<dt>Waits for</dt><dd>nothing</dd>');
  });

  it.each<[string, BlockingReason]>([
    ['The run is dead lettered at pay', { kind: 'run_status', status: 'dead_lettered', phase_id: 'pay', historical: false }],
    ['It waits for another run at sub', { kind: 'active_wait', wait_id: 'w', wait_kind: 'child_run', status: 'waiting', phase_id: 'sub', reason: null, historical: false }],
    ['A policy refused pay: too much (settled since)', { kind: 'policy_decision', decision_id: 'd', decision: 'deny', reason_code: 'too_much', tool: 'pay', approval_id: null, historical: true }],
    ['A policy asks for an approval of an effect: too much', { kind: 'policy_decision', decision_id: 'd', decision: 'approval_required', reason_code: 'too_much', tool: null, approval_id: 'o', historical: false }],
    ['POST could not leave', { kind: 'outbox', outbox_id: 'o', status: 'failed', operation: 'POST', dead_letter_id: null, historical: false }],
    ['What became of POST is not known', effectReason('e1')],
    ['An effect failed', { kind: 'tool_effect', effect_id: 'e', status: 'failed', operation: null, compensation_id: null, historical: false }],
    ['A dead letter (stateful wait) waits for a person: read [path] with [redacted]', { kind: 'dead_letter', dead_letter_id: 'd', source_type: 'stateful_wait', reason: `read /home/ada/x with ${token}`, historical: false }],
    ['Undoing the effect e waits for somebody to start it', { kind: 'compensation', compensation_id: 'c', status: 'proposed', target_effect_id: 'e', approval_required: false, historical: false }],
  ])('says in words why it does not go on: %s', (sentence, reason) => {
    expect(pageOf(summary([reason]))).toContain(`<li>${sentence}</li>`);
  });

  it('says in words what an operator may do, and has no form for it', () => {
    const page = pageOf(summary([], [
      { action: 'resume_from_checkpoint', requires_status: ['paused'] }, { action: 'review_wait', wait_ids: ['w1', 'w2'] }, { action: 'approve_or_deny_policy_decision', approval_refs: ['o1'] },
      { action: 'retry_or_reconcile_effect', effect_ids: ['e1'] }, { action: 'resolve_dead_letter', dead_letter_ids: ['d1'] }, { action: 'run_or_cancel_compensation', compensation_ids: ['c1'] },
    ]));
    for (const part of ['Resume the run from where it stopped', 'Look at what it waits for: w1, w2', 'Decide what a policy asks an approval for: o1', 'Retry an effect, or say what became of it: e1', 'Deal with a dead letter: d1', 'Run what undoes an effect, or cancel it: c1']) {
      expect(page).toContain(`<li>${part}</li>`);
    }
    expect(page).not.toMatch(/<form|<button|<input/);
  });

  it('lists effects that are not settled and dead letters that are open, without what a later success made moot', () => {
    const tool_effects = [toolEffect('e1', { error: `sent ${token} from /var/lib/x` }), toolEffect('e2', { status: 'pending', operation: null, tool: 'mail', node_id: null }), toolEffect('moot', { status: 'failed', operation: 'MOOT' }), toolEffect('done', { status: 'succeeded', operation: 'DONE' })];
    const dead_letters = [deadLetter('d1', { reason: 'lost <b>' }), deadLetter('moot', { reason: 'MOOT' })];
    const page = pageOf({ ...summary([effectReason('e1'), letterReason('d1')]), reliability: { outbox: [], tool_effects, dead_letters, compensations: [] } });
    for (const part of ['POST, step pay: <strong>unknown</strong>: sent [redacted] from [path]', 'mail: <strong>pending</strong>', 'tool effect, step pay: <strong>open</strong>: lost &lt;b&gt;']) expect(page).toContain(part);
    for (const part of ['MOOT', 'DONE', token]) expect(page).not.toContain(part);
  });

  it('links what waits for people, and says who decided or answered what, newest first', () => {
    const page = pageOf(observedRun(), {
      open: [request()], asked: [question()],
      decided: [request({ status: 'decided', decision: 'rework', decided_by: { kind: 'human', actor_id: 'grace' }, decided_at_ms: 60_000, decision_reason: `see ${token}` }), request({ title: 'Ended', status: 'closed', decided_at_ms: 30_000 })],
      answered: [question({ status: 'answered', responded_by: { kind: 'human', actor_id: 'ada' }, ended_at_ms: 120_000, answer: { count: 77 } })],
    });
    expect(page).toContain('<li><a href="/inbox/automation_v2%3Ar1%3Asign%3A1">Refund &lt;b&gt;42 EUR&lt;/b&gt;?</a>, since');
    expect(page).toContain('<li><a href="/inbox/requests/automation-v2%3Ar1%3Acount%3A0%3Aquestion%3A1">How many &lt;i&gt;lamps&lt;/i&gt;?</a>, since');
    const outcomes = ['<strong>Answered</strong> (ada)', '<strong>Sent back for rework</strong> (grace)', 'Reason: see [redacted]', '<strong>Closed before anyone decided</strong>'].map((part) => page.indexOf(part));
    expect(outcomes).toEqual([...outcomes].sort((one, other) => one - other));
    expect(outcomes).not.toContain(-1);
    expect(page).not.toContain('77');
  });

  it('shows events newest first, with who did what and the phase that it led to', () => {
    const phase_transition = { event_id: 'p', event_type: 'stateful_runtime.phase.transition', from_phase: 'running_phase', to_phase: 'paused_attention_required', occurred_at_ms: 1, phase_id: null, reason: 'x' } as const;
    const tail = [timelineEvent(1, { phase_id: 'pay' }), timelineEvent(2, { event_type: 'stateful_runtime.automation_v2.run_paused', actor: { kind: 'human', actor_id: 'ops' }, phase_transition })];
    const page = pageOf(observedRun({ events: { latest: null, tail, correlation_ids: [] } }));
    expect(page).toContain('<td>run paused</td><td></td><td>ops</td><td>paused attention required</td></tr><tr>');
    expect(page).toContain('<td>node started</td><td>pay</td><td></td><td></td></tr></tbody>');
  });
});
