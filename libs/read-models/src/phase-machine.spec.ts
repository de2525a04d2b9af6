import { describe, expect, it } from '@jest/globals';
import { LogHistory, project } from './log-history.fixture.js';
import { allowedNextPhases, phaseAfter, phaseTable, phaseTransition } from './phase-machine.js';
import { phaseOf, statefulStatuses } from './phase.js';

const phases = Object.keys(phaseTable);
const step = (from: string | undefined, to: string, event = 'run_paused') => phaseTransition({ run_id: 'r1', from, to, event, at_ms: 7, phase_id: 'charge' });

/** The matrix of domain 7.6: every move of work that goes forward. */
const matrix: Readonly<Record<string, readonly string[]>> = {
  created: ['queued', 'cancelled'],
  queued: ['running_phase', 'paused_attention_required', 'cancelled'],
  running_phase: ['sleeping', 'waiting_webhook', 'awaiting_approval', 'retrying', 'paused_attention_required', 'failed', 'completed', 'cancelled'],
  sleeping: ['running_phase', 'paused_attention_required', 'cancelled'],
  waiting_webhook: ['running_phase', 'retrying', 'paused_attention_required', 'failed', 'cancelled'],
  awaiting_approval: ['running_phase', 'paused_attention_required', 'failed', 'cancelled'],
  retrying: ['running_phase', 'paused_attention_required', 'failed', 'cancelled'],
  paused_attention_required: ['queued', 'running_phase', 'failed', 'cancelled'],
  failed: [], completed: [], cancelled: [],
};
/** Moves that the runs of this system make beside them (W9). */
const reentries: readonly (readonly [string, string])[] = [
  ['running_phase', 'queued'], ['awaiting_approval', 'queued'], ['retrying', 'queued'], ['sleeping', 'queued'], ['waiting_webhook', 'queued'], ['failed', 'queued'], ['completed', 'queued'], ['cancelled', 'queued'],
];

describe('the phase machine', () => {
  it('maps every run status to an explicit phase', () => {
    expect(statefulStatuses.map((status) => [status, phases.includes(phaseOf(status))])).toEqual(statefulStatuses.map((status) => [status, true]));
  });

  it('allows and denies the whole matrix as listed', () => {
    for (const from of phases) {
      for (const to of phases.filter((phase) => phase !== from)) {
        const found = step(from, to);
        const isListed = matrix[from]?.includes(to) === true || (from === 'queued' && ['completed', 'failed'].includes(to)) || (from === 'sleeping' && to === 'failed');
        const isReentry = phaseTable[from]?.reentry.includes(to) === true;
        expect({ from, to, forward: found?.event_type === 'stateful_runtime.phase.transition' && found.reentry === undefined, reentry: found?.reentry === true, denied: found?.anomaly !== undefined })
          .toEqual({ from, to, forward: isListed, reentry: isReentry, denied: !isListed && !isReentry });
      }
    }
  });

  it('marks the moves back into work as re-entries', () => {
    expect(reentries.map(([from, to]) => step(from, to)?.reentry)).toEqual(reentries.map(() => true));
  });

  it('says where a run may go, re-entries last', () => {
    expect(allowedNextPhases('running_phase')).toEqual([...(matrix['running_phase'] ?? []), 'queued']);
    expect(allowedNextPhases('completed')).toEqual(['queued']);
    expect(allowedNextPhases('of_a_newer_release')).toEqual([]);
  });

  it('records an illegal move from a terminal phase as observed, with an anomaly, instead of refusing it', () => {
    expect(step('completed', 'running_phase')).toMatchObject({ event_type: 'stateful_runtime.phase.observed', from_phase: 'completed', to_phase: 'running_phase', anomaly: 'from_terminal_phase' });
    expect(step('created', 'completed')).toMatchObject({ event_type: 'stateful_runtime.phase.observed', anomaly: 'not_in_the_table' });
  });

  it('names a step by its run, its phases and its time', () => {
    expect(step(undefined, 'queued', 'run_created')).toEqual({
      event_id: 'r1:phase:queued:7', event_type: 'stateful_runtime.phase.observed', from_phase: null, to_phase: 'queued', occurred_at_ms: 7, phase_id: 'charge', reason: 'automation_v2_lifecycle:run_created',
    });
    expect(step('queued', 'running_phase', 'run_execution_claimed')).toMatchObject({ event_id: 'r1:phase_transition:queued:running_phase:7', event_type: 'stateful_runtime.phase.transition' });
    expect(step('queued', 'queued')).toBeUndefined();
  });

  it('takes a run that a back-off queued as retrying', () => {
    expect([phaseAfter('queued', 'node_retry_backoff_scheduled'), phaseAfter('queued', 'run_resumed')]).toEqual(['retrying', 'queued']);
  });
});

describe('phases on the timeline', () => {
  const stepsOf = (log: LogHistory): readonly unknown[] =>
    project(log.entries).run_events.flatMap(({ seq, phase_transition }) => (phase_transition === null ? [] : [[seq, phase_transition.from_phase, phase_transition.to_phase, phase_transition.reentry ?? phase_transition.anomaly ?? 'forward']]));

  it('stand on the events that were the steps, each at its own time, also within a commit', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
    log.gateOpened('r1', 'o1');
    log.decided('r1', 'o1', 'approve');
    log.claimed('r1');
    log.completed('r1');
    expect(stepsOf(log)).toEqual([
      [1, null, 'queued', 'forward'], [2, 'queued', 'running_phase', 'forward'], [5, 'running_phase', 'awaiting_approval', 'forward'], [6, 'awaiting_approval', 'queued', true],
      [7, 'queued', 'running_phase', 'forward'], [8, 'running_phase', 'completed', 'forward'],
    ]);
  });

  it('go on behind an anomaly', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.completed('r1');
    log.claimed('r1');
    log.completed('r1');
    expect(stepsOf(log).slice(2)).toEqual([[3, 'running_phase', 'completed', 'forward'], [4, 'completed', 'running_phase', 'from_terminal_phase'], [5, 'running_phase', 'completed', 'forward']]);
  });

  it('retry-backoff requeue projects `retrying`', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    log.backedOff('r1', 'w1');
    log.woken('r1', 'w1');
    expect(stepsOf(log).slice(1)).toEqual([[2, 'queued', 'running_phase', 'forward'], [4, 'running_phase', 'retrying', 'forward'], [5, 'retrying', 'queued', true]]);
  });
});
