import { describe, expect, it } from '@jest/globals';
import { recordedEventSchema, type AggregateName, type GateDecision } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import { readFileSync } from 'node:fs';
import path from 'node:path';
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

const goldenData = (aggregate: AggregateName, type: string): unknown =>
  recordedEventSchema.parse(JSON.parse(readFileSync(path.resolve(import.meta.dirname, `../../contracts/src/golden/${aggregate}.${type}.v1.json`), 'utf8'))).data;

describe('what the commits of a batch lead to', () => {
  it('keeps what the first opening of a gate says when it is decided after its run has ended, in one batch as in two', () => {
    const entries = decidedAfterTheEnd('rework');
    const [whole] = project(entries).gates;
    const memory = newMemory();
    const [opened] = project(entries.slice(0, 3), memory).gates;
    expect(whole).toMatchObject({ status: 'decided', decision: 'rework', gate: opened?.gate, keys: opened?.keys, requested_at_ms: opened?.requested_at_ms });
    expect(whole?.decided_at_ms).not.toBe(whole?.requested_at_ms);
  });

  it.each([
    { rows: 'definitions', aggregate: 'definition', type: 'definition_stored' },
    { rows: 'policy_decisions', aggregate: 'run', type: 'policy_effect_allowed' },
    { rows: 'effect_policies', aggregate: 'effect_policy', type: 'effect_policy_published' },
  ] as const)('keeps the first of $rows that are recorded twice under one identity', ({ rows, aggregate, type }) => {
    const log = new LogHistory();
    log.created('r1');
    const events = [{ event_type: type, data: goldenData(aggregate, type) }];
    const first = log.commit(aggregate, 'r1', { status: 'running', events });
    log.commit(aggregate, 'r1', { status: 'running', events });
    expect(project(log.entries)[rows].map(({ position }) => position)).toEqual([first.position]);
  });
});
