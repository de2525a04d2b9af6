import type { OpenWait } from '@cs/contracts';

type Times = Pick<OpenWait, 'wake_at_ms' | 'timeout'>;

/** When a timer has to look at a wait: at its wake-up or its timeout, whichever is first; `undefined` for never. */
export const dueAtMs = ({ wake_at_ms, timeout }: Times): number | undefined => {
  const times = [wake_at_ms, timeout?.timeout_at_ms].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
};

/** What is to happen to a wait now. When both are due, the one that was due first; at one time, the timeout (domain 8.4). */
export const dueOutcome = ({ wake_at_ms, timeout }: Times, at_ms: number): 'wake' | 'timeout' | undefined => {
  const wakes = wake_at_ms !== undefined && wake_at_ms <= at_ms;
  const expires = timeout !== undefined && timeout.timeout_at_ms <= at_ms;
  if (expires && (!wakes || timeout.timeout_at_ms <= wake_at_ms)) return 'timeout';
  return wakes ? 'wake' : undefined;
};

/** Order of waits: the one that is due first, then the oldest; what is never due comes last (domain 8.3). */
export const byDueTime = (a: OpenWait, b: OpenWait): number =>
  (dueAtMs(a) ?? Number.MAX_SAFE_INTEGER) - (dueAtMs(b) ?? Number.MAX_SAFE_INTEGER) || a.created_at_ms - b.created_at_ms || (a.wait_id < b.wait_id ? -1 : 1);
