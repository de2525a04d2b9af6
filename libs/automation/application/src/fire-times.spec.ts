import type { Schedule } from '@cs/contracts';
import fc from 'fast-check';
import { isCronExpression, isTimezone, missedFires, nextFire } from './fire-times.js';

const cron = (cron_expression: string, timezone = 'UTC'): Schedule => ({ type: 'cron', cron_expression, timezone, misfire_policy: { type: 'run_once' } });
const interval = (interval_seconds: number): Schedule => ({ type: 'interval', interval_seconds, timezone: 'UTC', misfire_policy: { type: 'run_once' } });
const at = (text: string): number => Date.parse(text);

/** The next fire times after a moment, as ISO text without milliseconds. */
const next = (schedule: Schedule, after: string, count: number): readonly string[] => {
  const times: string[] = [];
  for (let time = nextFire(schedule, at(after)); time !== undefined && times.length < count; time = nextFire(schedule, time)) times.push(new Date(time).toISOString().replace('.000Z', 'Z'));
  return times;
};

describe('the next fire time', () => {
  it('of an interval is one interval on, and of a manual schedule never comes', () => {
    expect(nextFire(interval(90), 1000)).toBe(91_000);
    expect(nextFire({ type: 'manual', timezone: 'UTC' }, 1000)).toBeUndefined();
  });

  it('of a five-field cron is at second 0; a sixth field comes first and is the seconds', () => {
    expect(next(cron('30 9 * * *'), '2026-01-01T09:29:59.500Z', 1)).toEqual(['2026-01-01T09:30:00Z']);
    expect(next(cron('*/20 30 9 * * *'), '2026-01-01T09:30:00Z', 2)).toEqual(['2026-01-01T09:30:20Z', '2026-01-01T09:30:40Z']);
  });

  it('is after the moment, never at it', () => {
    expect(next(cron('0 9 * * *'), '2026-01-01T09:00:00Z', 1)).toEqual(['2026-01-02T09:00:00Z']);
  });

  it.each(['bogus', '* * * *', '61 * * * *', '0 0 31 2 *', '@daily', '* * * * * * 2030', '2026-01-01T00:00:00'])('does not come by what cannot be used: "%s"', (expression) => {
    expect(nextFire(cron(expression), 0)).toBeUndefined();
    expect(isCronExpression(expression)).toBe(false);
  });

  it.each(['Mars/Olympus', '+02:00', 'nowhere'])('does not come in the unknown time zone "%s"', (timezone) => {
    expect(nextFire(cron('* * * * *', timezone), 0)).toBeUndefined();
    expect(isTimezone(timezone)).toBe(false);
  });
});

describe('daylight saving', () => {
  it('skips a time: it fires at the first instant after the gap, once', () => {
    expect(next(cron('30 2 * * *', 'Europe/Berlin'), '2026-03-28T12:00:00Z', 2)).toEqual(['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z']);
    expect(next(cron('30 2 * * *', 'America/New_York'), '2026-03-07T12:00:00Z', 2)).toEqual(['2026-03-08T07:00:00Z', '2026-03-09T06:30:00Z']);
    expect(next(cron('15 2 * * *', 'Australia/Lord_Howe'), '2026-10-03T00:00:00Z', 2)).toEqual(['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z']);
  });

  it('repeats a time: it fires at the first instant only', () => {
    expect(next(cron('30 2 * * *', 'Europe/Berlin'), '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z']);
    expect(next(cron('30 1 * * *', 'America/New_York'), '2026-10-31T12:00:00Z', 2)).toEqual(['2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z']);
    expect(next(cron('45 1 * * *', 'Australia/Lord_Howe'), '2026-04-04T12:00:00Z', 2)).toEqual(['2026-04-04T14:45:00Z', '2026-04-05T15:15:00Z']);
  });

  it('changes nothing for what fires every hour, or within the hour: no instant is left out and none comes twice', () => {
    expect(next(cron('0 * * * *', 'Europe/Berlin'), '2026-10-24T23:30:00Z', 3)).toEqual(['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z']);
    expect(next(cron('*/15 * * * *', 'Australia/Lord_Howe'), '2026-04-04T14:40:00Z', 4)).toEqual(['2026-04-04T14:45:00Z', '2026-04-04T15:00:00Z', '2026-04-04T15:15:00Z', '2026-04-04T15:30:00Z']);
  });

  it('follows offsets of three quarters of an hour', () => {
    expect(next(cron('0 9 * * *', 'Asia/Kathmandu'), '2026-10-03T15:00:00Z', 2)).toEqual(['2026-10-04T03:15:00Z', '2026-10-05T03:15:00Z']);
  });

  /** Around every change of these zones in 2026, and where there is none. */
  const edges = ['2026-03-08T07:00:00Z', '2026-03-29T01:00:00Z', '2026-04-04T15:00:00Z', '2026-10-03T15:30:00Z', '2026-10-25T01:00:00Z', '2026-11-01T06:00:00Z', '2026-07-01T00:00:00Z'].map(at);
  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
  const moments = fc.tuple(fc.constantFrom(...edges), fc.integer({ min: -3 * 3_600_000, max: 3 * 3_600_000 })).map(([edge, offset]) => edge + offset);
  const localTime = (timezone: string, time: number): string => new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(time));

  it('fires a daily time once on every day of every zone', () => {
    fc.assert(fc.property(zones, moments, fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })), (timezone, moment, [hour, minute]) => {
      const schedule = cron(`${minute} ${hour} * * *`, timezone);
      let time = nextFire(schedule, moment) ?? 0;
      for (let day = 0; day < 4; day += 1) {
        const following = nextFire(schedule, time) ?? 0;
        // A day has 23 to 25 hours; a skipped time fires up to an hour late, which the day after makes up for.
        expect(following - time).toBeGreaterThanOrEqual(22 * 3_600_000);
        expect(following - time).toBeLessThanOrEqual(26 * 3_600_000);
        time = following;
      }
    }), { numRuns: 200 });
  });

  it('fires at the wall time that is asked for, or right after the gap that swallowed it', () => {
    fc.assert(fc.property(zones, moments, fc.integer({ min: 0, max: 59 }), (timezone, moment, minute) => {
      const time = nextFire(cron(`${minute} * * * *`, timezone), moment) ?? 0;
      const isAsked = Number(localTime(timezone, time).slice(3)) === minute;
      const isAfterGap = localTime(timezone, time - 60_000) < localTime(timezone, time) && edges.includes(time);
      expect(isAsked || isAfterGap).toBe(true);
      expect(time).toBeGreaterThan(moment);
      expect(time - moment).toBeLessThanOrEqual(2 * 3_600_000);
    }), { numRuns: 200 });
  });

  it('finds, step by step, each fire time once and in order', () => {
    fc.assert(fc.property(zones, moments, fc.constantFrom('*/7 * * * *', '0,30 * * * *', '15 1-3 * * *', '0 0 * * * *'), (timezone, moment, expression) => {
      const schedule = cron(expression, timezone);
      const first = nextFire(schedule, moment) ?? 0;
      const { times_ms, count, next_fire_at_ms = 0 } = missedFires(schedule, first, first + 4 * 3_600_000);
      expect([...times_ms].sort((a, b) => a - b)).toEqual(times_ms);
      expect(new Set(times_ms).size).toBe(count);
      expect(next_fire_at_ms).toBeGreaterThan(first + 4 * 3_600_000);
    }), { numRuns: 100 });
  });
});

describe('fire times that were missed', () => {
  it('of an interval stay aligned, however late they are noticed', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 0, max: 10_000_000 }), (seconds, late) => {
      const due = missedFires(interval(seconds), 5_000, 5_000 + late);
      expect(due.count).toBe(Math.floor(late / (seconds * 1000)) + 1);
      expect(due.times_ms).toEqual(Array.from({ length: Math.min(due.count, 100) }, (_none, index) => 5_000 + index * seconds * 1000));
      expect((due.next_fire_at_ms ?? 0) - 5_000).toBe(due.count * seconds * 1000);
      expect(due.next_fire_at_ms).toBeGreaterThan(5_000 + late);
    }));
  });

  it('of a cron are those up to now, the first of them kept; after a long time they are only counted so far', () => {
    const schedule = cron('* * * * *');
    expect(missedFires(schedule, at('2026-01-01T00:00:00Z'), at('2026-01-01T00:02:30Z'))).toEqual({
      count: 3, times_ms: [at('2026-01-01T00:00:00Z'), at('2026-01-01T00:01:00Z'), at('2026-01-01T00:02:00Z')], next_fire_at_ms: at('2026-01-01T00:03:00Z'),
    });
    expect(missedFires(schedule, at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:30Z'))).toMatchObject({ count: 1000, next_fire_at_ms: at('2027-01-01T00:01:00Z') });
  });

  it('are none before the time comes', () => {
    expect(missedFires(interval(10), 20_000, 19_999)).toEqual({ count: 0, times_ms: [] });
  });
});
