import { RateLimit } from './rate-limit.js';

describe('the rate limit of webhooks', () => {
  it('lets a burst through, then as many as come back', () => {
    let now = 0;
    const limit = new RateLimit({ burst: 3, perSecond: 2, clock: () => now });
    expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 0, 1]);
    now = 500;
    expect([limit.take('a'), limit.take('a')]).toEqual([0, 1]);
    now = 60_000;
    expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 0, 1]);
  });

  it('counts each sender for itself', () => {
    const limit = new RateLimit({ burst: 1, perSecond: 1, clock: () => 0 });
    expect([limit.take('a'), limit.take('b'), limit.take('a')]).toEqual([0, 0, 1]);
  });
});
