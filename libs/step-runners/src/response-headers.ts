import type { Redaction } from './redaction.js';

/** Headers of the connection, and those that hold credentials, are no output. */
const dropped = new Set(['set-cookie', 'set-cookie2', 'connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
const maxHeaders = 64;
const maxValueLength = 2_048;

/** The headers that become output: the first 64, redacted and then cut at 2048 characters, no cookies. */
export const selectHeaders = (headers: Readonly<Record<string, string>>, redaction: Redaction): Record<string, string> => {
  const selected: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (dropped.has(name)) continue;
    selected[redaction.text(name)] = redaction.text(value).slice(0, maxValueLength);
    count += 1;
    if (count === maxHeaders) break;
  }
  return selected;
};

const maxRetryAfterMs = 3_600_000;

/** `Retry-After` (seconds or a date, RFC 9110, 10.2.3) in milliseconds from `nowMs`, at most an hour. */
export const retryAfterMs = (value: string | undefined, nowMs: number): number | undefined => {
  if (value === undefined) return undefined;
  const delay = /^\d{1,9}$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(delay) ? Math.min(Math.max(delay, 0), maxRetryAfterMs) : undefined;
};
