import { runAggregate } from '@cs/automation-application';
import type { Run } from '@cs/contracts';
import { foldCommit, unwritten, type Digest, type LogEntry, type StoredCommit } from '@cs/eventing';
import { projectBatch } from './project-batch.js';
import { ProjectionMemory } from './projection-memory.js';
import type { RowChanges } from './row-changes.js';

const firstSeqOf = ({ commit }: StoredCommit): number => commit.version - commit.events.length + 1;

/** The part of a commit up to an event. Only the fold leads to the state in between, so none is carried. */
const cutAfter = (stored: StoredCommit, seq: number): StoredCommit => {
  if (stored.commit.version <= seq) return stored;
  const { state: _state, ...commit } = stored.commit;
  return { ...stored, commit: { ...commit, version: seq, events: commit.events.slice(0, seq - firstSeqOf(stored) + 1) } };
};

/** A run as its commits lead to it, as of one of its events (`seq`, from 1). `undefined` when it did not exist then. */
export const runAsOf = (entries: readonly LogEntry[], seq: number): Run | undefined => {
  const commits = entries.flatMap(({ stored }) => (stored === undefined || firstSeqOf(stored) > seq ? [] : [cutAfter(stored, seq)]));
  const [first] = commits;
  return first && commits.reduce((loaded, stored) => foldCommit(runAggregate, loaded, stored), unwritten(runAggregate, first.ref)).state;
};

/** Events of the run that its commits hold. */
export const lastSeqOf = (entries: readonly LogEntry[]): number => entries.reduce((last, { stored }) => Math.max(last, stored?.commit.version ?? 0), 0);

/** The id of one of its events. */
export const eventIdAt = (entries: readonly LogEntry[], seq: number): string | null =>
  entries.flatMap(({ stored }) => stored?.commit.events[seq - firstSeqOf(stored)]?.event_id ?? [])[0] ?? null;

/** Every row that follows from the commits of one run, up to the one that ends at `seq`. */
export const rowsOfRun = (entries: readonly LogEntry[], { seq, digest }: { readonly seq: number; readonly digest: Digest }): RowChanges => {
  const memory = new ProjectionMemory({ maxRuns: 1, maxBytes: Number.MAX_SAFE_INTEGER });
  return projectBatch(entries.filter(({ stored }) => stored !== undefined && stored.commit.version <= seq), { memory, digest, now: 0 });
};
