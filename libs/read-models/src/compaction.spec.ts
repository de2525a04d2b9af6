import { describe, expect, it } from '@jest/globals';
import type { PhaseTransition } from '@cs/contracts';
import { sha256 } from '@cs/testing';
import { compactionMarkerType, compactionOf, type CompactedEvent } from './compaction.js';
import { withoutPruned, type RowPair } from './row-drift.js';

const run = { org_id: 'acme', workspace_id: 'ops', deployment_id: '', run_id: 'r1' };
/** Each third event is a step of the phase. */
const stepAt = (seq: number): PhaseTransition | null => (seq % 3 === 0 ? { event_id: `s${seq}`, event_type: 'stateful_runtime.phase.transition', from_phase: 'queued', to_phase: 'running_phase', occurred_at_ms: seq, phase_id: null, reason: 'test' } : null);
const events = (from: number, to: number): readonly CompactedEvent[] => Array.from({ length: to - from + 1 }, (_none, index) => ({ seq: from + index, event_id: `e${from + index}`, phase_transition: stepAt(from + index), marker: null }));

describe('the compaction of a timeline', () => {
  it('puts a marker in the place of the last event that leaves, with the ids of all that left', () => {
    expect(compactionOf(run, events(1, 3), sha256)).toEqual({
      org_id: 'acme', workspace_id: 'ops', run_id: 'r1', through_seq: 3, event_id: expect.stringMatching(/^stateful-compaction-[0-9a-f]{32}$/), phase_transition: stepAt(3),
      payload: { source: 'event_log_compaction', compacted_through_seq: 3, compacted_event_count: 3, compacted_event_ids: [{ event_id: 'e1', seq: 1 }, { event_id: 'e2', seq: 2 }, { event_id: 'e3', seq: 3 }], phase_history: [stepAt(3)] },
    });
  });

  it('accumulates over markers', () => {
    const first = compactionOf(run, events(1, 3), sha256);
    const second = compactionOf(run, [{ seq: 3, event_id: first?.event_id ?? '', phase_transition: stepAt(3), marker: first?.payload ?? null }, ...events(4, 5)], sha256);
    const whole = compactionOf(run, events(1, 5), sha256);
    expect(second).toEqual(whole);
    expect(second?.event_id).not.toBe(first?.event_id);
  });

  it('names a marker by its tenant, too', () => {
    const ids = [run, { ...run, org_id: 'other' }, { ...run, deployment_id: 'eu' }].map((key) => compactionOf(key, events(1, 3), sha256)?.event_id);
    expect(new Set(ids).size).toBe(3);
  });

  it('counts all that left and lists the newest, so that a marker does not grow with the history', () => {
    const payload = compactionOf(run, events(1, 1500), sha256)?.payload;
    expect(payload?.['compacted_event_count']).toBe(1500);
    expect(payload?.['compacted_event_ids']).toHaveLength(1000);
    expect(payload?.['phase_history']).toHaveLength(100);
  });

  it('has nothing to do where nothing leaves', () => {
    expect(compactionOf(run, [], sha256)).toBeUndefined();
    expect(compactionOf(run, [{ seq: 3, event_id: 'm', phase_transition: null, marker: {} }], sha256)).toBeUndefined();
  });
});

describe('what the retention took out', () => {
  const pair = (seq: number, projected: RowPair['projected']): RowPair => ({ table: 'run_events', key: ['seq'], projected, replayed: { seq, event_type: 'stateful_runtime.automation_v2.node_started' } });

  it('is no drift, and what is missing behind it is', () => {
    const marker = { seq: 2, event_type: compactionMarkerType };
    const behind = pair(4, null);
    expect(withoutPruned([pair(1, null), pair(2, marker), behind])).toEqual([behind]);
    expect(withoutPruned([pair(1, null)])).toHaveLength(1);
  });
});
