import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the condition may take to hold. Default 5 s. */
  readonly timeoutMs?: number;
  /** Pause between two looks. Default 15 ms. */
  readonly intervalMs?: number;
}

const late: unique symbol = Symbol('late');

/** `undefined`, `null` and `false` mean "not yet"; so does an exception. */
const holds = <Value>(value: Value): boolean => value !== undefined && value !== null && value !== false;

/** The condition's value, or `late` when it does not answer before the deadline. */
const look = async <Value>(condition: () => Value | Promise<Value>, patienceMs: number): Promise<Value | typeof late> => {
  const timer = new AbortController();
  const patience = delay(Math.max(patienceMs, 1), undefined, { signal: timer.signal }).then((): typeof late => late, (): typeof late => late);
  try {
    return await Promise.race([Promise.resolve().then(condition), patience]);
  } finally {
    timer.abort();
  }
};

/**
 * Looks again and again until the condition holds, and answers its value. Fails when it does not hold
 * in time, with what the last look threw or answered.
 */
export const eventually = async <Value>(condition: () => Value | Promise<Value>, { timeoutMs = 5000, intervalMs = 15 }: EventuallyOptions = {}): Promise<NonNullable<Value>> => {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await look(condition, deadline - performance.now());
      if (value === late) cause ??= new Error('the condition did not answer');
      else if (holds(value)) return value as NonNullable<Value>;
      else cause = new Error(`the condition answered ${String(value)}`);
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`Not so within ${timeoutMs} ms: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    await delay(intervalMs);
  }
};
