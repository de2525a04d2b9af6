import type { RetentionRule } from '@cs/read-models';
import { Retention, type RetentionOptions } from './retention.js';

const silent = { info: () => undefined, warn: () => undefined } as unknown as RetentionOptions['logger'];
const day = 24 * 3_600_000;

/** A rule that has so many rows to take out, a thousand at a time, and says what it was asked. */
const rule = (what: string, old: number) => {
  const asked: number[] = [];
  async function* prune(before_ms: number): AsyncGenerator<number> {
    asked.push(before_ms);
    for (; old > 0; old -= Math.min(old, 1000)) yield await Promise.resolve(Math.min(old, 1000));
  }
  return { asked, rule: { what, prune } satisfies RetentionRule };
};

const retention = (days: number, rules: readonly RetentionRule[], alone: RetentionOptions['alone'] = (work) => work()) => new Retention({ rules, alone, days, clock: () => 100 * day, logger: silent });

describe('the retention of the projections', () => {
  it('applies every rule, step by step, until nothing is old enough', async () => {
    const [waits, events] = [rule('waits', 2500), rule('events', 10)];
    expect(await retention(30, [waits.rule, events.rule]).prune()).toEqual({ waits: 2500, events: 10 });
    expect([waits.asked, events.asked]).toEqual([[70 * day], [70 * day]]);
  });

  it('prunes at start, and ends with its process', async () => {
    const waits = rule('waits', 5);
    const job = retention(1, [waits.rule]);
    job.start();
    await job.stop();
    expect(waits.asked).toEqual([99 * day]);
  });

  it('stops between two steps when its process ends', async () => {
    const waits = rule('waits', 5000);
    const job = retention(1, [waits.rule]);
    const pruned = job.prune();
    await job.stop();
    expect((await pruned)?.['waits']).toBeLessThan(5000);
  });

  it('leaves the work to the process that is at it', async () => {
    const waits = rule('waits', 5);
    expect(await retention(1, [waits.rule], () => Promise.resolve(undefined)).prune()).toBeUndefined();
    expect(waits.asked).toEqual([]);
  });

  it('keeps everything where nothing is to be deleted', async () => {
    const waits = rule('waits', 5);
    const job = retention(0, [waits.rule]);
    job.start();
    await job.stop();
    expect(waits.asked).toEqual([]);
  });
});
