import fc from 'fast-check';
import { bounds } from '../happening.fixture.js';
import { spikeOf, withCost, withSpike, type RunCosts } from './run-costs.js';

const limits = { cost_spike_ratio: 10, cost_spike_min_runs: 3 };

describe('what runs cost', () => {
  it('is compared with the average of all runs before, however many there were', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 80 }), (costs) => {
      let state: RunCosts | undefined;
      costs.forEach((cost, index) => {
        const sum = costs.slice(0, index).reduce((total, each) => total + each, 0);
        const isSpike = index >= limits.cost_spike_min_runs && cost * index >= 10 * sum;
        const found = spikeOf(state, { run_id: `r${index}`, run_usd: cost }, limits);
        expect([found !== undefined, found?.runs ?? index]).toEqual([isSpike, index]);
        if (found !== undefined) expect(found.average_usd).toBeCloseTo(sum / index, 5);
        state = withCost(state, `r${index}`, cost);
      });
      expect(state?.recent.length ?? 0).toBeLessThanOrEqual(12);
    }), bounds);
  });

  it('is of the runs before it only, and counts a run by what it has cost in all', () => {
    let costs = ['a', 'b', 'c', 'd'].reduce<RunCosts | undefined>((state, id) => withCost(state, id, 1), undefined);
    costs = withCost(withCost(costs, 'late', 500), 'd', 9);
    expect(spikeOf(costs, { run_id: 'd', run_usd: 9.5 }, limits)).toBeUndefined();
    expect(spikeOf(costs, { run_id: 'd', run_usd: 10 }, limits)).toEqual({ cost_usd: 10, average_usd: 1, runs: 3 });
    expect(spikeOf(withSpike(costs, 'd'), { run_id: 'd', run_usd: 50 }, limits)).toBeUndefined();
  });
});
