export const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;

export const summary = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return { count: sorted.length, p50: percentile(sorted, 50), p95: percentile(sorted, 95), p99: percentile(sorted, 99), max: sorted.at(-1) ?? Number.NaN };
};

const ms = (value) => value.toFixed(1).padStart(8);
export const row = (label, { p50, p95, p99, max }) => `${label.padEnd(34)} p50 ${ms(p50)}  p95 ${ms(p95)}  p99 ${ms(p99)}  max ${ms(max)} ms`;

/** The middle one; of an even number, the mean of both. */
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
};

/**
 * Two of the values between which the median of whatever they were drawn from lies with a probability of 95 % at least (sign test: nothing is
 * assumed of how they are distributed). The smallest and the largest when there are too few to say so.
 */
export const medianBetween = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  let [rank, below, exactly] = [0, 0, 0.5 ** sorted.length];
  for (; rank < sorted.length / 2; rank += 1) {
    below += exactly;
    if (2 * below > 0.05) break;
    exactly *= (sorted.length - rank) / (rank + 1);
  }
  const outside = Math.max(rank - 1, 0);
  return [sorted[outside], sorted.at(-1 - outside)];
};
