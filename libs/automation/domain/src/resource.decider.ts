import type { AdmissionEvent, HoldReason } from '@cs/contracts';
import { accept, type Decision } from '@cs/kernel';
import { evolveResource, withWaiter, type Holder, type ResourceLimits, type ResourceState, type Waiter } from './resource.state.js';

/** A run wants the resource: it gets it, or it waits. */
export interface AcquireResource extends Waiter {
  readonly type: 'acquire';
  /** The run is held: it is told by an offer, instead of being admitted at once. */
  readonly held: boolean;
}
/** A run is at rest, or waits no more. With a turn: only if that is the turn it holds. */
export interface EndResource { readonly type: 'end'; readonly run_id: string; readonly turn?: number }
/** Time has passed: offer what is free. */
export interface AdvanceResource { readonly type: 'advance' }
export type ResourceCommand = AcquireResource | EndResource | AdvanceResource;

export interface ResourceContext {
  readonly at_ms: number;
  readonly resource_key: string;
  readonly limits: ResourceLimits;
}

type ResourceDecision = Decision<AdmissionEvent, never>;

/** Waiters that a resource lists. Runs beyond wait for their own timer, so that the state stays small. */
export const maxWaiters = 500;
/** A period is counted in so many parts; a run counts until the end of its part, so never too early. */
const parts = 100;

const startAt = (at_ms: number, { per_ms }: NonNullable<ResourceLimits['rate_limit']>): { readonly counted_at_ms: number; readonly window_ms: number } => {
  const part = Math.max(1, Math.floor(per_ms / parts));
  return { counted_at_ms: Math.ceil(at_ms / part) * part, window_ms: per_ms };
};

const sum = (counts: readonly (readonly [number, number])[]): number => counts.reduce((total, [, count]) => total + count, 0);

/** Runs that count now: begun within the period, or about to begin. */
const begun = ({ starts, holders }: ResourceState, at_ms: number, per_ms: number): number =>
  sum(starts.filter(([at]) => at > at_ms - per_ms)) + Object.values(holders).filter(({ offered, begins }) => offered && begins).length;

const rateRoom = (state: ResourceState, { at_ms, limits: { rate_limit } }: ResourceContext): number =>
  rate_limit === undefined ? Number.POSITIVE_INFINITY : rate_limit.max_runs - begun(state, at_ms, rate_limit.per_ms);

const capacityRoom = ({ holders }: ResourceState, { limits: { max_concurrent_runs = Number.POSITIVE_INFINITY } }: ResourceContext): number => max_concurrent_runs - Object.keys(holders).length;

/** The rate keeps a run that begins from being admitted, whoever else waits. */
export const isRateClosed = (state: ResourceState, context: ResourceContext): boolean => rateRoom(state, context) <= 0;

/** Those in front for whom there is room, in order. */
const admissible = (waiters: readonly Waiter[], state: ResourceState, context: ResourceContext): readonly Waiter[] => {
  let capacity = capacityRoom(state, context);
  let rate = rateRoom(state, context);
  const chosen: Waiter[] = [];
  for (const waiter of waiters) {
    if (capacity <= 0) break;
    if (waiter.begins && rate <= 0) continue;
    chosen.push(waiter);
    capacity -= 1;
    rate -= waiter.begins ? 1 : 0;
  }
  return chosen;
};

const offer = ({ run_id }: Waiter): AdmissionEvent => ({ event_type: 'admission_offered', data: { run_id } });
const isListed = (state: ResourceState, { run_id, turn }: Waiter): boolean => state.waiters.some((waiter) => waiter.run_id === run_id && waiter.turn === turn);

const takes = ({ run_id, turn, begins }: AcquireResource, { at_ms, resource_key, limits: { rate_limit } }: ResourceContext): AdmissionEvent => ({
  event_type: 'admission_acquired', data: { resource_key, run_id, turn, ...(begins && rate_limit !== undefined ? { start: startAt(at_ms, rate_limit) } : {}) },
});

/** A message of an earlier turn changes nothing for a later one. */
const isSettled = ({ turn, held }: AcquireResource, holder: Holder): boolean => held || holder.turn > turn || (holder.turn === turn && !holder.offered);

const acquire = (command: AcquireResource, state: ResourceState, context: ResourceContext): ResourceDecision => {
  const holder = state.holders[command.run_id];
  if (holder !== undefined) return isSettled(command, holder) ? accept() : accept(takes(command, context));
  const { type: _type, held, ...self } = command;
  const queue: AdmissionEvent = { event_type: 'admission_queued', data: { resource_key: context.resource_key, ...self } };
  const mine = isListed(state, self) ? [] : [queue];
  const chosen = admissible(withWaiter(state.waiters, self), state, context);
  const others = chosen.filter(({ run_id }) => run_id !== self.run_id).map(offer);
  if (!chosen.some(({ run_id }) => run_id === self.run_id)) return accept(...others, ...(state.waiters.length < maxWaiters ? mine : []));
  return held ? accept(...others, ...mine, offer(self)) : accept(...others, takes(command, context));
};

const advance = (state: ResourceState, context: ResourceContext): readonly AdmissionEvent[] => admissible(state.waiters, state, context).map(offer);

const end = ({ run_id, turn }: EndResource, state: ResourceState, context: ResourceContext): ResourceDecision => {
  const holder = state.holders[run_id];
  const holds = holder !== undefined && (turn === undefined || holder.turn === turn);
  const waits = holder === undefined && state.waiters.some((waiter) => waiter.run_id === run_id && (turn === undefined || waiter.turn === turn));
  if (!holds && !waits) return accept();
  const ended: AdmissionEvent = { event_type: 'admission_ended', data: { run_id } };
  return accept(ended, ...advance(evolveResource(state, ended), context));
};

export const decideResource = (command: ResourceCommand, state: ResourceState, context: ResourceContext): ResourceDecision => {
  switch (command.type) {
    case 'acquire':
      return acquire(command, state, context);
    case 'end':
      return end(command, state, context);
    case 'advance':
      return accept(...advance(state, context));
  }
};

/** When there is room in the rate for as many as are `left` over, at the earliest. */
const rateOpensAt = (state: ResourceState, at_ms: number, { left, rate: { max_runs, per_ms } }: { readonly left: number; readonly rate: NonNullable<ResourceLimits['rate_limit']> }): number => {
  const counting = state.starts.filter(([at]) => at > at_ms - per_ms);
  let remaining = left;
  for (const [at, count] of counting) {
    remaining -= count;
    if (remaining <= 0) return at + per_ms;
  }
  return (counting.at(-1)?.[0] ?? at_ms) + per_ms * (1 + Math.ceil(remaining / max_runs));
};

/** Why a run has to wait, and when the rate is open for it at the earliest, behind those that wait before it. */
export const whyHeld = (run: Pick<Waiter, 'run_id' | 'begins'>, state: ResourceState, context: ResourceContext): { readonly queue_reason: HoldReason; readonly retry_after_ms?: number } => {
  const rate = context.limits.rate_limit;
  if (!run.begins || rate === undefined || !isRateClosed(state, context)) return { queue_reason: 'capacity' };
  const place = state.waiters.findIndex(({ run_id }) => run_id === run.run_id);
  const ahead = place < 0 ? state.waiters.length : place;
  const left = begun(state, context.at_ms, rate.per_ms) - rate.max_runs + ahead + 1;
  return { queue_reason: 'rate_limit', retry_after_ms: rateOpensAt(state, context.at_ms, { left, rate }) };
};
