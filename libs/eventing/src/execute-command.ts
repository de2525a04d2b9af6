import type { AggregateRef } from '@cs/contracts';
import type { Decision, Refusal } from '@cs/kernel';
import { loadAggregate, type Aggregate, type Loaded } from './aggregate.js';
import { appendEvents, type Eventing } from './append-events.js';
import { nextTime, type RecordContext } from './record-events.js';

export type Executed<State, No extends Refusal> =
  /** `changed` is false when the command held already and nothing was written. */
  | { readonly kind: 'accepted'; readonly loaded: Loaded<State>; readonly changed: boolean }
  | { readonly kind: 'refused'; readonly refusal: No; readonly loaded: Loaded<State> }
  /** Others kept writing first; nothing was written. */
  | { readonly kind: 'contended' };

interface Execution<State, Event, No extends Refusal> {
  readonly eventing: Eventing;
  readonly aggregate: Aggregate<State, Event>;
  /** Judges the state as loaded; called again after a conflict. */
  readonly decide: (state: State, atMs: number) => Decision<Event, No>;
  readonly context: Omit<RecordContext, 'at_ms'>;
  /** The aggregate as the caller has just loaded it: saves the first look-up. */
  readonly loaded?: Loaded<State>;
  /** Loads before giving up on contention. Default 64: each conflict means that another writer got through. */
  readonly maxAttempts?: number;
}

/** Load, decide, append; again from the start when someone else wrote in between. */
export const executeCommand = async <State, Event extends { readonly event_type: string; readonly data: unknown }, No extends Refusal>(
  ref: AggregateRef,
  { eventing, aggregate, decide, context, maxAttempts = 64, loaded: initial }: Execution<State, Event, No>,
): Promise<Executed<State, No>> => {
  let known = initial;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const loaded = known ?? (await loadAggregate({ store: eventing.store, aggregate }, ref));
    known = undefined;
    const at_ms = nextTime(loaded, eventing.clock());
    const decision = decide(loaded.state, at_ms);
    if (decision.kind === 'refused') return { kind: 'refused', refusal: decision.refusal, loaded };
    if (decision.events.length === 0) return { kind: 'accepted', loaded, changed: false };
    const appended = await appendEvents({ eventing, aggregate }, loaded, { events: decision.events, context: { ...context, at_ms } });
    if (appended.kind === 'appended') return { kind: 'accepted', loaded: appended.loaded, changed: true };
  }
  return { kind: 'contended' };
};
