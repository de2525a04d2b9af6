import type { DueFires } from '@cs/automation-domain';
import type { Schedule } from '@cs/contracts';
import { LruCache } from '@cs/kernel';
import { Cron } from 'croner';

/** Fire times of a cron schedule that are counted after a long downtime; more are not told apart. */
export const maxCountedFires = 1000;
/** The most runs that a policy can ask for (`catch_up.max_runs`). */
const maxRuns = 100;

type CronSchedule = Extract<Schedule, { type: 'cron' }>;

const parsed = new LruCache<string, Cron | 'unusable'>(1000);

/** Five or six fields: croner also reads nicknames, years and single dates, which are no part of the contract. */
const hasCronFields = (expression: string): boolean => [5, 6].includes(expression.trim().split(/\s+/).length) && !expression.includes('@');

const isTimezone = (timezone: string): boolean => {
  // An offset is no zone: it knows no daylight-saving time.
  if (/^[+-]/.test(timezone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const parse = ({ cron_expression, timezone }: CronSchedule): Cron | 'unusable' => {
  if (!hasCronFields(cron_expression) || !isTimezone(timezone)) return 'unusable';
  try {
    return new Cron(cron_expression, { timezone, paused: true });
  } catch {
    return 'unusable';
  }
};

const cronOf = (schedule: CronSchedule): Cron | undefined => {
  const key = `${schedule.timezone} ${schedule.cron_expression}`;
  const cron = parsed.get(key) ?? parse(schedule);
  parsed.set(key, cron);
  return cron === 'unusable' ? undefined : cron;
};

const nextCron = (schedule: CronSchedule, afterMs: number): number | undefined => cronOf(schedule)?.nextRun(new Date(afterMs))?.getTime();

/**
 * The first fire time after a moment; `undefined` when there is none: a manual schedule, an expression
 * or a time zone that cannot be used, or a date that never comes.
 *
 * Cron is evaluated in its time zone. A time that daylight saving skips fires at the first instant after
 * the gap; a time that comes twice fires at its first instant, while `*` and ranges in the hour fire in both.
 */
export const nextFire = (schedule: Schedule, afterMs: number): number | undefined => {
  if (schedule.type === 'manual') return undefined;
  return schedule.type === 'interval' ? afterMs + schedule.interval_seconds * 1000 : nextCron(schedule, afterMs);
};

const dueIntervals = (intervalMs: number, next: number, now: number): DueFires => {
  const count = Math.floor((now - next) / intervalMs) + 1;
  return { count, times_ms: Array.from({ length: Math.min(count, maxRuns) }, (_none, index) => next + index * intervalMs), next_fire_at_ms: next + count * intervalMs };
};

const dueCron = (schedule: CronSchedule, next: number, now: number): DueFires => {
  const times: number[] = [];
  for (let time: number | undefined = next; time !== undefined && time <= now && times.length < maxCountedFires; time = nextCron(schedule, time)) times.push(time);
  return { count: times.length, times_ms: times.slice(0, maxRuns), next_fire_at_ms: nextCron(schedule, now) };
};

const nothingDue: DueFires = { count: 0, times_ms: [] };

/** Fire times from `nextFireAtMs` up to now, and the one after (domain 2.2). Nothing when the first is still to come. */
export const missedFires = (schedule: Schedule, nextFireAtMs: number, nowMs: number): DueFires => {
  if (schedule.type === 'manual' || nextFireAtMs > nowMs) return nothingDue;
  return schedule.type === 'interval' ? dueIntervals(schedule.interval_seconds * 1000, nextFireAtMs, nowMs) : dueCron(schedule, nextFireAtMs, nowMs);
};

/** Whether the time zone is in the IANA database. */
export { isTimezone };

/** Whether an expression has five or six fields that can be read, and a date that comes. */
export const isCronExpression = (cron_expression: string): boolean =>
  nextFire({ type: 'cron', cron_expression, timezone: 'UTC', misfire_policy: { type: 'skip' } }, 0) !== undefined;
