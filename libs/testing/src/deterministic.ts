import { createHash } from 'node:crypto';
import type { Clock, Digest, IdSource } from '@cs/eventing';

export interface FixedClock extends Clock {
  advance(ms: number): void;
  set(atMs: number): void;
}

/** A clock that stands until it is moved. Default: 2026-01-01T00:00:00Z. */
export const fixedClock = (startMs = Date.UTC(2026, 0, 1)): FixedClock => {
  let now = startMs;
  return Object.assign(() => now, {
    advance: (ms: number) => void (now += ms),
    set: (atMs: number) => void (now = atMs),
  });
};

/** `prefix-1`, `prefix-2`, … */
export const sequenceIds = (prefix = 'id'): IdSource => {
  let count = 0;
  return () => `${prefix}-${(count += 1)}`;
};

export const sha256: Digest = (text) => createHash('sha256').update(text).digest('hex');
