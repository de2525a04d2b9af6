import type { AggregateRef, AggregateName, Commit, GovernanceActor, RecordedEvent } from '@cs/contracts';
import { eventCatalogue, type EventTable } from '@cs/contracts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import type { Aggregate, Loaded, Recorded } from './aggregate.js';
import type { Digest } from './clock.port.js';

/** A commit carries a small state at least this often, so that loading reads few messages. */
export const stateInterval = 8;

/** However large the state, loading reads no more messages than this. */
export const longestStateInterval = 300;

/** A state up to so many characters is carried whenever the aggregate comes to rest. */
const smallState = 64 * 1024;

/**
 * A large state is carried once the commits since then have grown to this share of it: what states cost
 * to write stays in proportion to the events, however long the history. At rest a smaller share is
 * enough, because what rests is loaded next.
 */
const stateShare = { executing: 1 / 2, atRest: 1 / 8 } as const;

export interface RecordContext {
  /** Recorded time; callers take `nextTime`. */
  readonly at_ms: number;
  readonly actor?: GovernanceActor;
  readonly causation_id?: string;
  readonly correlation_id?: string;
}

/** Strictly later than anything recorded for the aggregate, so that no two commits share a time. */
export const nextTime = (loaded: Pick<Loaded<unknown>, 'lastRecordedAtMs'>, now: number): number => Math.max(now, loaded.lastRecordedAtMs + 1);

interface NewEvent {
  readonly event_type: string;
  readonly data: unknown;
}

const safe = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, '-') || 'event';
const member = (data: unknown, name: string): unknown => (isJsonObject(data) ? (data[name] ?? null) : null);

/** Ids of runs are unique everywhere; the others are chosen by, or derived from what was written by, each tenant. */
const tenantOf = ({ aggregate, org_id, workspace_id }: AggregateRef): JsonObject => (aggregate === 'run' ? {} : { org_id, workspace_id });

/**
 * The identity of an event (domain 7.2): a hash of what it says, and how many equal ones came before
 * it. As commits of an aggregate never share a time, equal ones can only be within one commit.
 */
const identify = (ref: AggregateRef, event: NewEvent, { context, digest, seen }: { context: RecordContext; digest: Digest; seen: Map<string, number> }): string => {
  const identity = canonicalJson({
    ...tenantOf(ref), run_id: ref.id, automation_id: context.correlation_id ?? null, event: event.event_type, recorded_at_ms: context.at_ms,
    reason: member(event.data, 'reason'), stop_kind: member(event.data, 'stop_kind'), metadata: event.data ?? null,
  });
  const hash = digest(identity);
  const occurrence = seen.get(hash) ?? 0;
  seen.set(hash, occurrence + 1);
  const prefix = ref.aggregate === 'run' ? 'automation-v2-lifecycle' : safe(ref.aggregate);
  return `${prefix}-${ref.id}-${safe(event.event_type)}-${hash.slice(0, 24)}-${occurrence}`;
};

const schemaVersion = (aggregate: AggregateName, type: string): number => {
  const table: EventTable = eventCatalogue[aggregate];
  const definition = table[type];
  if (!definition) throw new Error(`${aggregate} has no event "${type}"`);
  return definition.version;
};

/** New events with the identity, time and origin that the log records. */
export const recordEvents = <Event extends NewEvent>(
  ref: AggregateRef,
  events: readonly Event[],
  { context, digest }: { context: RecordContext; digest: Digest },
): readonly (Recorded<Event> & RecordedEvent)[] => {
  const seen = new Map<string, number>();
  return events.map((event) => ({
    event_id: identify(ref, event, { context, digest, seen }),
    event_type: event.event_type,
    version: schemaVersion(ref.aggregate, event.event_type),
    recorded_at_ms: context.at_ms,
    ...(context.actor === undefined ? {} : { actor: context.actor }),
    ...(context.causation_id === undefined ? {} : { causation_id: context.causation_id }),
    ...(context.correlation_id === undefined ? {} : { correlation_id: context.correlation_id }),
    data: event.data,
  })) as unknown as readonly (Recorded<Event> & RecordedEvent)[];
};

const carriesState = ({ position, commitsSinceState, sizeSinceState, stateSize }: Loaded<unknown>, { size, isAtRest }: { size: number; isAtRest: boolean }): boolean => {
  const commits = commitsSinceState + 1;
  const share = (sizeSinceState + size) / Math.max(stateSize, 1);
  if (position === 0) return false;
  if (commits >= longestStateInterval) return true;
  return isAtRest ? stateSize <= smallState || share >= stateShare.atRest : commits >= stateInterval && share >= stateShare.executing;
};

export interface BuiltCommit {
  readonly commit: Commit;
  /** Characters of its JSON. */
  readonly size: number;
}

/** Characters of a commit's JSON, from those of its largest parts, which are written out once for it. */
const sizeOf = (commit: Commit, eventsSize: number): number => {
  const { state } = commit;
  const frame = JSON.stringify({ ...commit, events: [], ...(state === undefined ? {} : { state: { ...state, value: 0 } }) }).length;
  return frame + eventsSize - '[]'.length + (state === undefined ? 0 : JSON.stringify(state.value).length - '0'.length);
};

/** One commit of recorded events on top of what is loaded. `next` is the state after them. */
export const buildCommit = <State, Event>(
  aggregate: Aggregate<State, Event>,
  loaded: Loaded<State>,
  { events, next, digest }: { events: readonly RecordedEvent[]; next: State; digest: Digest },
): BuiltCommit => {
  const version = loaded.version + events.length;
  const identity = `${loaded.ref.org_id}/${loaded.ref.workspace_id}/${aggregate.name}/${loaded.ref.id}/${version}/${events.map((event) => event.event_id).join(',')}`;
  const eventsSize = JSON.stringify(events).length;
  const state: { version: number; value: Json } | undefined = carriesState(loaded, { size: eventsSize, isAtRest: aggregate.isAtRest(next) })
    ? { version: aggregate.stateVersion, value: aggregate.writeState(next) }
    : undefined;
  const commit: Commit = {
    commit_id: digest(identity).slice(0, 32), previous: loaded.position, version, events: [...events], ...(state === undefined ? {} : { state }),
    ...(loaded.originTraceparent === undefined ? {} : { origin_traceparent: loaded.originTraceparent }),
  };
  return { commit, size: sizeOf(commit, eventsSize) };
};
