import type { PhaseTransition } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import type { Position } from '@cs/kernel';
import type { RunKey } from './projection-memory.js';
import type { Reader } from './tenant-key.js';

/** An event of a run as far as a snapshot needs it. */
export interface SnapshotEvent {
  readonly seq: number;
  readonly event_id: string;
  readonly event_type: string;
  readonly occurred_at_ms: number;
  readonly phase_id: string | null;
}

/** Which snapshots: the one of an event, or the newest `limit` of those before `before_seq`. */
export type SnapshotRange = { readonly snapshot_id: string } | { readonly before_seq?: number | undefined; readonly limit: number };

/** A step of the phase, and the event that was it. */
export type SnapshotTransition = PhaseTransition & { readonly seq: number };

/** What the snapshots of some events are folded from, as far as it was read with them. */
export interface SnapshotSources {
  /** In ascending `seq`. */
  readonly events: readonly SnapshotEvent[];
  /** Steps of the phase, in order. */
  readonly transitions: readonly SnapshotTransition[];
  /** Commits, in order. Those that a fold has to begin with may be missing. */
  readonly entries: readonly LogEntry[];
}

/** Events before the first snapshot whose commits are read with its own, in the hope that one of them carries the state. */
export const eventsBeforeSnapshots = 40;

/** Reads what snapshots of runs are made of. Every method throws `ProjectionUnavailableError` when the database cannot be reached. */
export interface SnapshotQueries {
  /** Events in ascending `seq`; `undefined` when the reader sees no such run. */
  snapshotEvents(reader: Reader, runId: string, range: SnapshotRange): Promise<readonly SnapshotEvent[] | undefined>;
  /** Steps of the phase up to an event (inclusive), at most the newest `limit` and those that a marker keeps, in order. */
  phaseTransitions(run: RunKey, upTo: { readonly seq: number; readonly limit: number }): Promise<readonly SnapshotTransition[]>;
  /** Archived commits that the events behind `after_seq` up to `to_seq` (inclusive) stand in, in order. */
  commitsOfEvents(run: RunKey, range: { readonly after_seq: number; readonly to_seq: number }): Promise<readonly LogEntry[]>;
  /** The archived commit at a position. */
  commitAt(position: Position): Promise<LogEntry | undefined>;
}
