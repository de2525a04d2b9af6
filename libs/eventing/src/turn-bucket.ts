import type { TurnLimit } from './turn-limits.port.js';

/** Turns that a key has left, as of a time. A key that took none for a minute has them all. */
export interface TurnBucket {
  readonly tokens: number;
  /** Unix milliseconds. */
  readonly at_ms: number;
}

/** What taking a turn makes of a bucket; without `bucket`, the turn is refused and nothing changes. */
export type TurnTaken = { readonly wait_s: 0; readonly bucket: TurnBucket } | { readonly wait_s: number; readonly bucket?: never };

/** Takes a turn, if there is one. Clocks of processes differ: time that goes back gives no turns. */
export const takeTurn = (before: TurnBucket | undefined, { perMinute, at_ms }: TurnLimit): TurnTaken => {
  const known = before ?? { tokens: perMinute, at_ms };
  const now = Math.max(known.at_ms, at_ms);
  const tokens = Math.min(perMinute, known.tokens + ((now - known.at_ms) / 60_000) * perMinute);
  if (tokens >= 1) return { wait_s: 0, bucket: { tokens: tokens - 1, at_ms: now } };
  return { wait_s: Math.max(1, Math.ceil(((1 - tokens) * 60) / perMinute)) };
};
