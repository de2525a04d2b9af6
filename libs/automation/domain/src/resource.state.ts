import type { AdmissionEvent } from '@cs/contracts';

/** How many runs may hold a resource, and begin within a period. Absent: no limit. */
export interface ResourceLimits {
  readonly max_concurrent_runs?: number | undefined;
  readonly rate_limit?: { readonly max_runs: number; readonly per_ms: number } | undefined;
}

export interface Holder {
  readonly turn: number;
  /** Kept for a run that is still held; it has not begun yet. */
  readonly offered: boolean;
  readonly begins: boolean;
}

export interface Waiter {
  readonly run_id: string;
  readonly turn: number;
  readonly created_at_ms: number;
  /** It had to wait for its workspace before: it goes first. */
  readonly after_lock: boolean;
  readonly begins: boolean;
}

/** A resource that runs share. Plain JSON: it is stored as it is. */
export interface ResourceState {
  readonly holders: Readonly<Record<string, Holder>>;
  /** In the order of their turns. */
  readonly waiters: readonly Waiter[];
  /** Runs that began: when they count, and how many. */
  readonly starts: readonly (readonly [at_ms: number, count: number])[];
}

export const freeResource: ResourceState = { holders: {}, waiters: [], starts: [] };

/** Those that waited for a workspace go first, then the oldest (domain 3.5). */
const before = (a: Waiter, b: Waiter): number => Number(b.after_lock) - Number(a.after_lock) || a.created_at_ms - b.created_at_ms || (a.run_id < b.run_id ? -1 : 1);

export const withWaiter = (waiters: readonly Waiter[], waiter: Waiter): readonly Waiter[] => [...waiters.filter(({ run_id }) => run_id !== waiter.run_id), waiter].sort(before);

const without = ({ holders, waiters, starts }: ResourceState, run_id: string): ResourceState => ({
  starts, holders: Object.fromEntries(Object.entries(holders).filter(([id]) => id !== run_id)), waiters: waiters.filter((waiter) => waiter.run_id !== run_id),
});

type Named<Type extends AdmissionEvent['event_type']> = Extract<AdmissionEvent, { event_type: Type }>['data'];

const acquired = (state: ResourceState, { run_id, turn, start }: Named<'admission_acquired'>): ResourceState => {
  const rest = without(state, run_id);
  const holders = { ...rest.holders, [run_id]: { turn, offered: false, begins: start !== undefined } };
  if (start === undefined) return { ...rest, holders };
  const { counted_at_ms, window_ms } = start;
  const counting = rest.starts.filter(([at_ms]) => at_ms > counted_at_ms - 2 * window_ms);
  const last = counting.at(-1);
  const starts = last?.[0] === counted_at_ms ? [...counting.slice(0, -1), [counted_at_ms, last[1] + 1] as const] : [...counting, [counted_at_ms, 1] as const];
  return { ...rest, holders, starts };
};

const offered = (state: ResourceState, { run_id }: Named<'admission_offered'>): ResourceState => {
  const waiter = state.waiters.find((each) => each.run_id === run_id);
  const rest = without(state, run_id);
  return waiter === undefined ? state : { ...rest, holders: { ...rest.holders, [run_id]: { turn: waiter.turn, offered: true, begins: waiter.begins } } };
};

export const evolveResource = (state: ResourceState, event: AdmissionEvent): ResourceState => {
  switch (event.event_type) {
    case 'admission_acquired':
      return acquired(state, event.data);
    case 'admission_queued': {
      const { resource_key: _key, ...waiter } = event.data;
      return { ...state, waiters: withWaiter(state.waiters, waiter) };
    }
    case 'admission_offered':
      return offered(state, event.data);
    case 'admission_ended':
      return without(state, event.data.run_id);
  }
};
