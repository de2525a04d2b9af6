import { streams } from '@cs/contracts';
import { LogUnavailableError } from '@cs/eventing';
import { eventually, turnLimitsContract } from '@cs/testing';
import { jest } from '@jest/globals';
import { startTestLog } from './test-log.fixture.js';
import { JetStreamTurnLimits } from './turn-limits.adapter.js';

jest.setTimeout(60_000);

turnLimitsContract('JetStream', async () => {
  const log = await startTestLog();
  return { limits: [new JetStreamTurnLimits(await log.connect()), new JetStreamTurnLimits(await log.connect())], close: () => log.close() };
});

describe('turns in JetStream', () => {
  it('keep one message per key for two minutes, in bounded space; what is forgotten is full again; without the server nobody has one', async () => {
    const log = await startTestLog();
    try {
      const limits = new JetStreamTurnLimits(log.nc);
      const limit = { perMinute: 2, at_ms: 1_767_225_600_000 };
      expect([await limits.take('a', limit), await limits.take('a', limit), await limits.take('a', limit)]).toEqual([0, 0, 30]);
      const { config, state } = await log.jsm.streams.info(streams.turns.name);
      expect([state.messages, config.max_age, config.max_bytes]).toEqual([1, 120_000_000_000, 64 * 1024 * 1024]);
      await log.jsm.streams.purge(streams.turns.name);
      expect(await limits.take('a', limit)).toBe(0);
      await log.nats.kill();
      await expect(limits.take('a', limit)).rejects.toThrow(LogUnavailableError);
      await log.nats.start();
      await eventually(async () => (await limits.take('b', limit).catch(() => 1)) === 0, { timeoutMs: 20_000 });
      expect(await limits.take('b', limit)).toBe(0);
    } finally {
      await log.close();
    }
  });
});
