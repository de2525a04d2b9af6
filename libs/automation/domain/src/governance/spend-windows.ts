import type { SpendTotals } from '@cs/contracts';

const dayMs = 86_400_000;
/** 1 January 1970 was a Thursday: three days after a Monday. */
const mondayOffset = 3;

const two = (value: number): string => String(value).padStart(2, '0');

/** The civil date of a day since the epoch, after Howard Hinnant's `civil_from_days`: there is no clock or calendar here. */
const civil = (days: number): { readonly year: number; readonly month: number; readonly day: number } => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 };
};

const dateOf = (days: number): string => {
  const { year, month, day } = civil(days);
  return `${year}-${two(month)}-${two(day)}`;
};

/** The UTC day of a time, as `YYYY-MM-DD`. */
export const dayOf = (at_ms: number): string => dateOf(Math.floor(at_ms / dayMs));
/** The Monday of its week. */
export const weekOf = (at_ms: number): string => {
  const days = Math.floor(at_ms / dayMs);
  return dateOf(days - ((((days + mondayOffset) % 7) + 7) % 7));
};
export const monthOf = (at_ms: number): string => dayOf(at_ms).slice(0, 7);

/** Amounts are kept to a millionth of a dollar, so that sums of many do not drift. */
const add = (a: number, b: number): number => Math.round((a + b) * 1e6) / 1e6;

const nothing: SpendTotals = { day: '', day_usd: 0, week: '', week_usd: 0, month: '', month_usd: 0, lifetime_usd: 0, lifetime_tokens: 0 };

/** The totals after a cost; a period that is over counts from nothing. */
export const addSpend = (before: SpendTotals | undefined, { at_ms, cost_usd, tokens }: { readonly at_ms: number; readonly cost_usd: number; readonly tokens: number }): SpendTotals => {
  const totals = before ?? nothing;
  const [day, week, month] = [dayOf(at_ms), weekOf(at_ms), monthOf(at_ms)];
  const within = (isSame: boolean, used: number): number => add(isSame ? used : 0, cost_usd);
  return {
    day, day_usd: within(totals.day === day, totals.day_usd),
    week, week_usd: within(totals.week === week, totals.week_usd),
    month, month_usd: within(totals.month === month, totals.month_usd),
    lifetime_usd: add(totals.lifetime_usd, cost_usd), lifetime_tokens: totals.lifetime_tokens + tokens,
  };
};
