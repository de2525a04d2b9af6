import { describe, expect, it } from '@jest/globals';
import type { GateDecision } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import { LogHistory, newMemory, project } from './log-history.fixture.js';

/** A gate of a run that failed before anyone decided, and a decision that comes all the same. */
const decidedAfterTheEnd = (decision: GateDecision): readonly LogEntry[] => {
  const log = new LogHistory();
  log.created('r1');
  log.claimed('r1');
  log.gateOpened('r1', 'o1');
  log.run('r1', { event_type: 'run_failed', data: { detail: 'no' } });
  log.decided('r1', 'o1', decision);
  return log.entries;
};

describe('what the commits of a batch lead to', () => {
  it('keeps what the first opening of a gate says when it is decided after its run has ended, in one batch as in two', () => {
    const entries = decidedAfterTheEnd('rework');
    const [whole] = project(entries).gates;
    const memory = newMemory();
    const [opened] = project(entries.slice(0, 3), memory).gates;
    expect(whole).toMatchObject({ status: 'decided', decision: 'rework', gate: opened?.gate, keys: opened?.keys, requested_at_ms: opened?.requested_at_ms });
    expect(whole?.decided_at_ms).not.toBe(whole?.requested_at_ms);
  });

  it('keeps the first of what is recorded twice under one identity', () => {
    const log = new LogHistory();
    log.created('r1');
    const definition_hash = `sha256:${'1'.repeat(64)}`;
    const stored = { event_type: 'definition_stored', data: { definition_hash, definition: { automation_id: 'refund', name: 'Refund', flow: { nodes: [{ node_id: 'look', objective: 'Look it up', action: { kind: 'transform', expression: '1' } }] } } } };
    log.stored('definition', definition_hash, stored);
    log.stored('definition', definition_hash, stored);
    expect(project(log.entries).definitions.map(({ position }) => position)).toEqual([2]);
  });
});
