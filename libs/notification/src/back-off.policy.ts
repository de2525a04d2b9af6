/** Attempts before a delivery is given up: with the delays below, after about two and a half hours. */
export const maxAttempts = 12;
/** The same for what takes the buttons from a card, and for attempts of which the platform said that it did nothing: after about two days. */
export const maxHarmlessAttempts = 60;

const firstDelayMs = 5_000;
const maxDelayMs = 3_600_000;
/** No platform is waited for longer. */
export const maxRetryAfterMs = 6 * 3_600_000;
const jitter = 0.2;

/**
 * Pause after the attempt of this number (from 1): 5 s, doubling, at most an hour, 20 % more or less by
 * chance (`random` in [0, 1)) so that what failed together does not come back together. Never shorter
 * than the channel asked for, up to six hours.
 */
export const backOffMs = (attempt: number, { retryAfterMs = 0, random }: { readonly retryAfterMs?: number | undefined; readonly random: number }): number => {
  const delay = Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs);
  return Math.round(Math.max(delay * (1 - jitter + 2 * jitter * random), Math.min(retryAfterMs, maxRetryAfterMs)));
};
