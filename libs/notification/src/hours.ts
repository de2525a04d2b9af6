import type { Hours } from '@cs/contracts';

const minuteMs = 60_000;
const dayMinutes = 1440;

interface LocalTime {
  /** 1 for Monday. */
  readonly weekday: number;
  /** Since midnight. */
  readonly minute: number;
}

const weekdays: readonly string[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Making one costs far more than using it; there are only so many time zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timezone: string): Intl.DateTimeFormat => {
  const known = formats.get(timezone) ?? new Intl.DateTimeFormat('en-GB', { timeZone: timezone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  formats.set(timezone, known);
  return known;
};

const localTime = (timezone: string, at_ms: number): LocalTime => {
  const parts = formatOf(timezone).formatToParts(at_ms);
  const part = (type: string): string => parts.find((found) => found.type === type)?.value ?? '';
  return { weekday: weekdays.indexOf(part('weekday')) + 1, minute: Number(part('hour')) * 60 + Number(part('minute')) };
};

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Whether a moment (Unix milliseconds) is within the hours, by the clock of their time zone. */
export const isWithin = ({ from, to, timezone, days }: Hours, at_ms: number): boolean => {
  const { weekday, minute } = localTime(timezone, at_ms);
  const [start, end] = [minutesOf(from), minutesOf(to)];
  const beginsOn = (day: number): boolean => days === undefined || days.includes(day);
  const yesterday = weekday === 1 ? 7 : weekday - 1;
  if (start < end) return minute >= start && minute < end && beginsOn(weekday);
  return (minute >= start && beginsOn(weekday)) || (minute < end && beginsOn(yesterday));
};

/** When hours that a moment is within are over. A change of the clock in between is followed. */
export const endOf = (hours: Hours, at_ms: number): number => {
  let end = at_ms;
  // Hours that join the next ones have no end within a week; then the question does not wait for longer.
  for (let look = 0; look < 10 && isWithin(hours, end); look += 1) {
    const { minute } = localTime(hours.timezone, end);
    const untilEnd = (minutesOf(hours.to) - minute + dayMinutes) % dayMinutes;
    const remaining = untilEnd === 0 ? dayMinutes : untilEnd;
    end = (Math.floor(end / minuteMs) + remaining) * minuteMs;
  }
  // A clock that was put forward meanwhile shows more than the end by now.
  const late = (localTime(hours.timezone, end).minute - minutesOf(hours.to) + dayMinutes) % dayMinutes;
  const earlier = end - late * minuteMs;
  return late > 0 && late <= 120 && earlier > at_ms && !isWithin(hours, earlier) ? earlier : end;
};
