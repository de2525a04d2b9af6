import { RateLimit } from './rate-limit.js';

it('lets the burst through, then one call at a time, for each key by itself, and says how long to wait', () => {
  const limit = new RateLimit({ perSecond: 2, burst: 2 });
  expect([limit.take('a', 0), limit.take('a', 0), limit.take('a', 0), limit.take('b', 0)]).toEqual([0, 0, 500, 0]);
  expect([limit.take('a', 499), limit.take('a', 500), limit.take('a', 500)]).toEqual([1, 0, 500]);
});
