import { originOf, type Aggregate, type Loaded } from './aggregate.js';
import type { Clock, Digest } from './clock.port.js';
import type { EventStore } from './event-store.port.js';
import { buildCommit, recordEvents, type RecordContext } from './record-events.js';

/** What writing to the log needs. */
export interface Eventing {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly digest: Digest;
}

export type Appended<State> = { readonly kind: 'appended'; readonly loaded: Loaded<State> } | { readonly kind: 'conflict' };

/**
 * Records events on a loaded aggregate as one commit. `conflict`: someone else wrote; load and decide
 * again. `folded` is the state after the events, where the caller has it already.
 */
export const appendEvents = async <State, Event extends { readonly event_type: string; readonly data: unknown }>(
  { eventing, aggregate }: { eventing: Eventing; aggregate: Aggregate<State, Event> },
  loaded: Loaded<State>,
  { events, context, folded }: { events: readonly Event[]; context: RecordContext; folded?: State },
): Promise<Appended<State>> => {
  const recorded = recordEvents(loaded.ref, events, { context, digest: eventing.digest });
  const next = folded ?? recorded.reduce((state, event) => aggregate.evolve(state, event), loaded.state);
  const { commit, size } = buildCommit(aggregate, loaded, { events: recorded, next, digest: eventing.digest });
  const result = await eventing.store.append(loaded.ref, aggregate.status(next), commit);
  if (result.kind === 'conflict') return result;
  return {
    kind: 'appended',
    loaded: {
      ref: loaded.ref, state: next, version: commit.version, position: result.position, lastRecordedAtMs: context.at_ms,
      ...originOf(aggregate, loaded, { previous: commit.previous, traceparent: result.traceparent }),
      ...(commit.state === undefined
        ? { commitsSinceState: loaded.commitsSinceState + 1, sizeSinceState: loaded.sizeSinceState + size, stateSize: loaded.stateSize }
        : { commitsSinceState: 0, sizeSinceState: 0, stateSize: size }),
    },
  };
};
