import type { GateRow } from '@cs/read-models';
import { toPosition, type Position } from '@cs/kernel';
import { Registry } from 'prom-client';
import { ProjectorMetrics } from './projector-metrics.js';

const gate = (decision: string | null, status: GateRow['status'], decided_at_ms: number | null): GateRow => ({
  org_id: 'acme', workspace_id: 'ops', deployment_id: '', gate_opening_id: 'g', run_id: 'r', automation_id: 'a', node_id: 'n', status, keys: null, gate: null, requested_by: null,
  requested_at_ms: 1000, expires_at_ms: null, decision, decided_by: null, decided_at_ms, reason: null, position: 1,
});

describe('the metrics of a projector', () => {
  it('take the time from the opening of a gate to its decision, with a bounded number of decisions', async () => {
    const registry = new Registry();
    new ProjectorMetrics(registry).decided([gate('approve', 'decided', 6000), gate('ship-it', 'decided', 2000), gate(null, 'open', null), gate(null, 'closed', 9000)]);
    const text = await registry.metrics();
    expect(text).toContain('countersign_gate_decision_seconds_sum{decision="approve"} 5');
    expect(text).toContain('countersign_gate_decision_seconds_sum{decision="other"} 1');
    expect(text).not.toContain('ship-it');
    expect([...text.matchAll(/countersign_gate_decision_seconds_count/g)]).toHaveLength(2);
  });

  it('say how far behind the log it is, and nothing while it stands by or the broker does not answer', async () => {
    const registry = new Registry();
    let position: Position | undefined = toPosition(40);
    let ahead = () => Promise.resolve({ commits: 2, oldestAtMs: 7000 as number | undefined });
    new ProjectorMetrics(registry).watchLag({ position: () => position, ahead: () => ahead(), clock: () => 10_000 });
    const figures = async () => /^countersign_projector_lag_(?:commits|seconds) .+$/gm[Symbol.match](await registry.metrics()) ?? [];
    // Read together: whoever asks gets both as of now.
    await figures();
    expect(await figures()).toEqual(['countersign_projector_lag_commits 2', 'countersign_projector_lag_seconds 3']);
    ahead = () => Promise.resolve({ commits: 0, oldestAtMs: undefined });
    await figures();
    expect(await figures()).toEqual(['countersign_projector_lag_commits 0', 'countersign_projector_lag_seconds 0']);
    ahead = () => Promise.reject(new Error('no answer'));
    await figures();
    expect(await figures()).not.toContain('countersign_projector_lag_seconds 0');
    position = undefined;
    await figures();
    expect(await figures()).not.toContain('countersign_projector_lag_commits 0');
  });
});
