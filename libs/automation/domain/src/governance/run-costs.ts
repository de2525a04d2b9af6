import type { GovernanceLimits } from '@cs/contracts';

/** A run that reported a cost, what it has cost in all, and whether that was found to be a spike. */
type RunCost = readonly [run_id: string, cost_usd: number, isSpike: boolean];

/** What the runs of one automation have cost. Plain JSON: it is stored as it is. */
export interface RunCosts {
  /** Runs that are not remembered one by one any more, and what they cost together. */
  readonly runs: number;
  readonly usd: number;
  /** The newest runs by their first cost, newest last. */
  readonly recent: readonly RunCost[];
}

const noCosts: RunCosts = { runs: 0, usd: 0, recent: [] };

/** Runs whose cost may still grow without being taken for another run. */
const maxRecent = 12;

/** Amounts are kept to a millionth of a dollar. */
const rounded = (usd: number): number => Math.round(usd * 1e6) / 1e6;

const withinMemory = ({ runs, usd, recent }: RunCosts): RunCosts => {
  const gone = recent.slice(0, Math.max(0, recent.length - maxRecent));
  return { runs: runs + gone.length, usd: rounded(gone.reduce((sum, [, cost]) => sum + cost, usd)), recent: recent.slice(gone.length) };
};

/** The costs after a run reported what it has cost in all; that never becomes less. */
export const withCost = (costs: RunCosts = noCosts, run_id: string, run_usd: number): RunCosts =>
  costs.recent.some(([id]) => id === run_id)
    ? { ...costs, recent: costs.recent.map(([id, cost, isSpike]): RunCost => (id === run_id ? [id, Math.max(cost, run_usd), isSpike] : [id, cost, isSpike])) }
    : withinMemory({ ...costs, recent: [...costs.recent, [run_id, run_usd, false]] });

export const withSpike = (costs: RunCosts, run_id: string): RunCosts => ({ ...costs, recent: costs.recent.map(([id, cost, isSpike]): RunCost => [id, cost, isSpike || id === run_id]) });

export interface Spike {
  readonly cost_usd: number;
  readonly average_usd: number;
  /** That the average is of. */
  readonly runs: number;
}

/** Runs without a cost say nothing about what a run costs: they are in no average. */
const before = ({ runs, usd, recent }: RunCosts, run_id: string): { readonly runs: number; readonly usd: number } => {
  const index = recent.findIndex(([id]) => id === run_id);
  const earlier = index < 0 ? recent : recent.slice(0, index);
  return { runs: runs + earlier.length, usd: earlier.reduce((sum, [, cost]) => sum + cost, usd) };
};

/** What is wrong with the cost of a run, once for each run; `undefined` while there are too few before it. */
export const spikeOf = (
  costs: RunCosts = noCosts,
  { run_id, run_usd }: { readonly run_id: string; readonly run_usd: number },
  { cost_spike_ratio, cost_spike_min_runs }: Pick<GovernanceLimits, 'cost_spike_ratio' | 'cost_spike_min_runs'>,
): Spike | undefined => {
  const { runs, usd } = before(costs, run_id);
  const isKnown = costs.recent.some(([id, , isSpike]) => id === run_id && isSpike);
  if (isKnown || runs < cost_spike_min_runs) return undefined;
  return usd > 0 && run_usd * runs >= cost_spike_ratio * usd ? { cost_usd: run_usd, average_usd: rounded(usd / runs), runs } : undefined;
};
