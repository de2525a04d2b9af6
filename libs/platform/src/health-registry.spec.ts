import { jest } from '@jest/globals';
import { HealthRegistry } from './health-registry.js';

describe('the health registry', () => {
  it('is ready when nothing is asked for, and when every check passes', async () => {
    const health = new HealthRegistry();
    expect(await health.report()).toEqual({ ready: true, checks: {} });
    health.register('nats', () => undefined);
    health.register('postgres', () => Promise.resolve());
    expect(await health.report()).toEqual({ ready: true, checks: { nats: { ok: true }, postgres: { ok: true } } });
  });

  it('is not ready when a check throws or rejects, and says what each found', async () => {
    const health = new HealthRegistry();
    health.register('nats', () => {
      throw new Error('disconnected');
    });
    health.register('postgres', () => Promise.reject(new Error('too many clients')));
    health.register('disk', () => undefined);
    expect(await health.report()).toEqual({
      ready: false, checks: { nats: { ok: false, detail: 'disconnected' }, postgres: { ok: false, detail: 'too many clients' }, disk: { ok: true } },
    });
  });

  it('does not wait for a check that never answers', async () => {
    jest.useFakeTimers();
    try {
      const health = new HealthRegistry();
      health.register('nats', () => new Promise<void>(() => undefined));
      const reporting = health.report();
      await jest.advanceTimersByTimeAsync(2000);
      expect(await reporting).toEqual({ ready: false, checks: { nats: { ok: false, detail: 'no answer in 2000 ms' } } });
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('is not ready any more once the process stops', async () => {
    const health = new HealthRegistry();
    health.register('nats', () => undefined);
    health.drain();
    expect(await health.report()).toEqual({ ready: false, checks: { nats: { ok: true }, process: { ok: false, detail: 'stopping' } } });
  });

  it('asks the newest check of a name', async () => {
    const health = new HealthRegistry();
    health.register('nats', () => Promise.reject(new Error('old')));
    health.register('nats', () => undefined);
    expect((await health.report()).ready).toBe(true);
  });
});
