import { WaitRetention, type WaitRetentionOptions } from './wait-retention.js';

const silent = { info: () => undefined, warn: () => undefined } as unknown as WaitRetentionOptions['logger'];
const day = 24 * 3_600_000;

/** A table with so many waits that are old enough. */
const retention = (days: number, old: number) => {
  const asked: number[] = [];
  const prune: WaitRetentionOptions['prune'] = ({ ended_before_ms, limit }) => {
    asked.push(ended_before_ms);
    const deleted = Math.min(old, limit);
    old -= deleted;
    return Promise.resolve(deleted);
  };
  return { asked, retention: new WaitRetention({ prune, days, clock: () => 100 * day, logger: silent }) };
};

describe('the retention of ended waits', () => {
  it('deletes batch by batch until nothing is old enough', async () => {
    const { asked, retention: job } = retention(30, 2500);
    expect(await job.prune()).toBe(2500);
    expect(asked).toEqual([70 * day, 70 * day, 70 * day]);
  });

  it('prunes at start, and ends with its process', async () => {
    const { asked, retention: job } = retention(1, 5);
    job.start();
    await job.stop();
    expect(asked).toEqual([99 * day]);
  });

  it('keeps everything where nothing is to be deleted', async () => {
    const { asked, retention: job } = retention(0, 5);
    job.start();
    await job.stop();
    expect(asked).toEqual([]);
  });
});
