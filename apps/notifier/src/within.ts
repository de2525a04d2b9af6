import { setTimeout as delay } from 'node:timers/promises';

/** The value, or `undefined` when it takes longer; then it goes on, and what becomes of it is not told. */
export const within = async <Value>(value: Promise<Value>, ms: number): Promise<Value | undefined> => {
  const timer = new AbortController();
  // Nobody listens any more when it fails after its time.
  value.catch(() => undefined);
  try {
    return await Promise.race([value, delay(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
};
