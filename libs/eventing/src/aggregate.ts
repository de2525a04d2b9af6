import type { AggregateRef, AggregateName, Commit, RecordedEvent } from '@cs/contracts';
import { noPosition, toPosition, type Json, type Position } from '@cs/kernel';
import type { EventStore, StoredCommit } from './event-store.port.js';

/** An event with what the log adds to it, typed by its aggregate. */
export type Recorded<Event> = Event & Pick<RecordedEvent, 'recorded_at_ms' | 'actor'>;

/** How one kind of aggregate is folded and stored. */
export interface Aggregate<State, Event> {
  readonly name: AggregateName;
  readonly initialState: State;
  readonly evolve: (state: State, event: Recorded<Event>) => State;
  /** The routing token of a state: last token of the subject of the commit that led to it. */
  readonly status: (state: State) => string;
  /** At rest nothing is executing: such commits carry their state. */
  readonly isAtRest: (state: State) => boolean;
  /** Version of the embedded state's own schema; a state of another version is not used. */
  readonly stateVersion: number;
  /** True: it is one piece of work with an end, and its commits remember the trace that it began in. */
  readonly hasTrace?: true;
  readonly writeState: (state: State) => Json;
  /** Throws when the value is not a state. */
  readonly readState: (value: Json) => State;
}

/** An aggregate as folded from its commits. */
export interface Loaded<State> {
  readonly ref: AggregateRef;
  readonly state: State;
  /** Events so far. */
  readonly version: number;
  /** Position of the newest commit; 0 for none. */
  readonly position: Position;
  readonly lastRecordedAtMs: number;
  /** Commits since one carried the state. */
  readonly commitsSinceState: number;
  /** Characters of JSON of those commits. */
  readonly sizeSinceState: number;
  /** Characters of JSON of the commit that carried the state last; 0 when none did. */
  readonly stateSize: number;
  /** Trace that it began in, as W3C Trace Context; only of aggregates that have one. */
  readonly originTraceparent?: string;
}

export const unwritten = <State, Event>(aggregate: Aggregate<State, Event>, ref: AggregateRef): Loaded<State> => ({
  ref, state: aggregate.initialState, version: 0, position: noPosition, lastRecordedAtMs: 0, commitsSinceState: 0, sizeSinceState: 0, stateSize: 0,
});

/** The store decoded the events by the aggregate's catalogue, so their shape is the aggregate's. */
const typed = <Event>(event: RecordedEvent): Recorded<Event> => event as unknown as Recorded<Event>;

/** Which trace an aggregate began in, after one more commit: its first commit's, which the later ones repeat. */
export const originOf = <State, Event>(
  { hasTrace }: Aggregate<State, Event>,
  before: Pick<Loaded<State>, 'originTraceparent'>,
  { previous, traceparent, origin_traceparent }: Pick<Commit, 'previous' | 'traceparent' | 'origin_traceparent'>,
): Pick<Loaded<State>, 'originTraceparent'> => {
  const originTraceparent = before.originTraceparent ?? origin_traceparent ?? (previous === 0 ? traceparent : undefined);
  return hasTrace === undefined || originTraceparent === undefined ? {} : { originTraceparent };
};

const carriesUsableState = <State, Event>({ stateVersion }: Aggregate<State, Event>, { commit }: StoredCommit): boolean => commit.state?.version === stateVersion;

/** Folds one more commit onto what is loaded. */
export const foldCommit = <State, Event>(aggregate: Aggregate<State, Event>, loaded: Loaded<State>, stored: StoredCommit): Loaded<State> => {
  const { events, version, state } = stored.commit;
  const carried = state?.version === aggregate.stateVersion ? { state: aggregate.readState(state.value) } : undefined;
  return {
    ref: stored.ref,
    state: carried ? carried.state : events.reduce((folded, event) => aggregate.evolve(folded, typed<Event>(event)), loaded.state),
    version,
    position: stored.position,
    lastRecordedAtMs: events.at(-1)?.recorded_at_ms ?? loaded.lastRecordedAtMs,
    ...originOf(aggregate, loaded, stored.commit),
    ...(carried === undefined
      ? { commitsSinceState: loaded.commitsSinceState + 1, sizeSinceState: loaded.sizeSinceState + stored.size, stateSize: loaded.stateSize }
      : { commitsSinceState: 0, sizeSinceState: 0, stateSize: stored.size }),
  };
};

/**
 * Loads without scanning: the newest commit, then back by `previous` until one carries the state (or
 * is the first), then forward. `newest` saves the first look-up when the caller already holds it.
 */
export const loadAggregate = async <State, Event>(
  { store, aggregate }: { store: EventStore; aggregate: Aggregate<State, Event> },
  ref: AggregateRef,
  newest?: StoredCommit,
): Promise<Loaded<State>> => {
  const path: StoredCommit[] = [];
  let current = newest ?? (await store.last(ref));
  while (current) {
    path.push(current);
    if (carriesUsableState(aggregate, current) || current.commit.previous === 0) break;
    const previous = current.commit.previous;
    current = await store.at(toPosition(previous));
    if (!current) throw new Error(`The log has no commit at ${previous}, which ${ref.aggregate} ${ref.id} refers to`);
  }
  return path.reduceRight((loaded, commit) => foldCommit(aggregate, loaded, commit), unwritten(aggregate, ref));
};
