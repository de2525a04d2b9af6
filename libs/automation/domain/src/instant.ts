import type { Json } from '@cs/kernel';

/** A point in time: without its zone, a date and time would mean another instant on every machine. */
const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i;
/** The end of the year 9999: the last instant that timers can be written with. */
const lastInstantMs = 253_402_300_799_999;

const parse = (value: Json): number => {
  if (typeof value === 'string') return isoInstant.test(value) ? Date.parse(value) : Number.NaN;
  return typeof value === 'number' ? value : Number.NaN;
};

/** An instant in Unix milliseconds, from milliseconds or an ISO 8601 text with its zone; `undefined` for anything else. */
export const instantMs = (value: Json): number | undefined => {
  const parsed = parse(value);
  return Number.isSafeInteger(parsed) && parsed >= 0 && parsed <= lastInstantMs ? parsed : undefined;
};
