import type { StatefulRun } from '@cs/contracts';
import type { ItemsPage } from '@cs/read-models';
import { mergePages } from './imported-runs.js';

type Listed = Parameters<typeof mergePages>[0][number]['items'][number];

/** A list newest first, and one page of it. */
const pageOf = (times: readonly number[], limit: number, after = Infinity): ItemsPage<Listed> => {
  const rest = times.filter((at_ms) => at_ms < after);
  const items = rest.slice(0, limit).map((at_ms): Listed => ({ key: { at_ms, id: `r${at_ms}` }, run: { run_id: `r${at_ms}` } as StatefulRun }));
  const last = items.at(-1);
  return { items, ...(last !== undefined && rest.length > limit ? { next: last.key } : {}) };
};

describe('imported runs in a list', () => {
  it.each([1, 2, 3, 10])('come in their place, each once, page by page of %i', (limit) => {
    const [own, imported] = [[90, 80, 50, 40, 10], [85, 84, 83, 45, 5]];
    const found: number[] = [];
    for (let after: number | undefined = Infinity; after !== undefined; ) {
      const { items, next } = mergePages([pageOf(own, limit, after), pageOf(imported, limit, after)], limit);
      found.push(...items.map(({ key }) => key.at_ms));
      expect(items.length).toBeLessThanOrEqual(limit);
      after = next?.at_ms;
    }
    expect(found).toEqual([90, 85, 84, 83, 80, 50, 45, 40, 10, 5]);
  });
});
