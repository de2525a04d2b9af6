import type { Run } from '@cs/contracts';
import { maxRunOutputLength, OutputBudget } from './output-budget.js';

const run = { checkpoint: { node_outputs: {} } } as Run;
const output = (length: number) => ({ kind: 'succeeded', contract_kind: 'http', content: 'x'.repeat(length) }) as const;

describe('the outputs of one run', () => {
  it('are kept while they fit together', () => {
    const budget = new OutputBudget();
    expect(budget.charge(run, output(1000))).toMatchObject({ kind: 'succeeded' });
  });

  it('fail the node that would be too much, which is not sent again', () => {
    const budget = new OutputBudget();
    budget.charge(run, output(maxRunOutputLength - 1000));
    expect(budget.charge(run, output(2000))).toMatchObject({ kind: 'failed', failure: { kind: 'output_too_large' }, retryable: false });
    expect(budget.charge(run, output(500))).toMatchObject({ kind: 'succeeded' });
  });
});
