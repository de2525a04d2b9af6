// Jest's globals by type only, so that the fixtures beside this file can be used outside of Jest.
/// <reference types="jest" />
import type { TurnLimits } from '@cs/eventing';

export interface OpenedTurnLimits {
  /** Two that count together, as of two processes. */
  readonly limits: readonly [TurnLimits, TurnLimits];
  close(): Promise<void>;
}

const at_ms = 1_767_225_600_000;

/** What every counter of turns does. */
export const turnLimitsContract = (name: string, open: () => Promise<OpenedTurnLimits>): void => {
  describe(`${name} counts turns`, () => {
    let opened: OpenedTurnLimits;
    let keys = 0;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());
    const newKey = (): string => `users/${(keys += 1)}/ü *.>`;

    it('gives so many turns a minute, whoever counts, and then says how long to wait', async () => {
      const [one, other] = opened.limits;
      const key = newKey();
      for (let turn = 0; turn < 5; turn += 1) {
        expect(await one.take(key, { perMinute: 10, at_ms })).toBe(0);
        expect(await other.take(key, { perMinute: 10, at_ms })).toBe(0);
      }
      expect([await one.take(key, { perMinute: 10, at_ms }), await other.take(key, { perMinute: 10, at_ms })]).toEqual([6, 6]);
      expect(await one.take(key, { perMinute: 10, at_ms: at_ms + 6_000 })).toBe(0);
      expect(await other.take(key, { perMinute: 10, at_ms: at_ms + 6_000 })).toBe(6);
      for (let turn = 0; turn < 10; turn += 1) expect(await other.take(key, { perMinute: 10, at_ms: at_ms + 120_000 })).toBe(0);
      expect(await one.take(key, { perMinute: 10, at_ms: at_ms + 120_000 })).toBeGreaterThan(0);
    });

    it('gives no turn for a clock that is behind', async () => {
      const [one, other] = opened.limits;
      const key = newKey();
      expect(await one.take(key, { perMinute: 1, at_ms })).toBe(0);
      expect(await other.take(key, { perMinute: 1, at_ms: at_ms - 3_600_000 })).toBe(60);
      expect(await one.take(key, { perMinute: 1, at_ms })).toBe(60);
    });

    it('keeps keys apart', async () => {
      const [one] = opened.limits;
      expect([await one.take(newKey(), { perMinute: 1, at_ms }), await one.take(newKey(), { perMinute: 1, at_ms })]).toEqual([0, 0]);
    });

    it('gives no turn twice when many ask at once', async () => {
      const key = newKey();
      const waits = await Promise.all(Array.from({ length: 24 }, (_, index) => opened.limits[index % 2 === 0 ? 0 : 1].take(key, { perMinute: 8, at_ms })));
      const given = waits.filter((wait) => wait === 0).length;
      expect(given).toBeGreaterThan(0);
      expect(given).toBeLessThanOrEqual(8);
      let left = 0;
      while ((await opened.limits[0].take(key, { perMinute: 8, at_ms })) === 0) left += 1;
      expect(given + left).toBe(8);
    });
  });
};
