import type { RowDifference } from '@cs/contracts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import { compactionMarkerType } from './compaction.js';
import type { RunKey } from './projection-memory.js';
import type { RowChanges } from './row-changes.js';

/** The same row as it is projected and as it follows from the log, by column; one of them may be missing. */
export interface RowPair {
  readonly table: string;
  /** Names of the columns that identify the row. */
  readonly key: readonly string[];
  readonly projected: JsonObject | null;
  readonly replayed: JsonObject | null;
}

/** Compares rows of a run with what is stored. */
export interface RunRowQueries {
  /** Pairs of rows that are not the same, of tables that hold nothing but what follows from the commits of the run. */
  differentRows(run: RunKey, rows: RowChanges): Promise<readonly RowPair[]>;
}

/** Statuses in which rows are never taken out of the projections, by table. */
const keptStatuses: Readonly<Record<string, readonly string[]>> = {
  waits: ['waiting', 'escalated'], outbox: ['pending', 'claimed', 'failed', 'dead_lettered'], tool_effects: ['pending', 'failed', 'unknown'],
  dead_letters: ['open', 'retry_requested', 'retrying', 'linked_to_compensation'], compensations: ['proposed', 'awaiting_approval', 'approved', 'running', 'failed'],
};

/** What has ended is taken out of the projections after a time (PROJECTOR_RETENTION_DAYS): that it is not there says nothing. */
export const isPrunedRow = ({ table, projected, replayed }: RowPair): boolean => {
  const kept = keptStatuses[table];
  return kept !== undefined && projected === null && replayed !== null && !kept.includes(String(replayed['status']));
};

/** Up to which `seq` the events of the run have left its timeline; 0 for none. */
const compactedThrough = (pairs: readonly RowPair[]): number =>
  Math.max(0, ...pairs.flatMap(({ table, projected }) => (table === 'run_events' && projected?.['event_type'] === compactionMarkerType ? [Number(projected['seq'])] : [])));

/** Pairs of rows of one run without those that only say that the retention took something out. */
export const withoutPruned = (pairs: readonly RowPair[]): readonly RowPair[] => {
  const through = compactedThrough(pairs);
  return pairs.filter((pair) => !isPrunedRow(pair) && !(pair.table === 'run_events' && Number((pair.replayed ?? {})['seq'] ?? Infinity) <= through));
};

/** Documents stand in the rows as text. */
const readValue = (value: Json): Json => {
  if (typeof value !== 'string' || !/^[{[]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
};

const partOf = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
const isSame = (one: Json | undefined, other: Json | undefined): boolean => one === other || (one !== undefined && other !== undefined && canonicalJson(one) === canonicalJson(other));

interface ValueDifference {
  /** JSON pointer. */
  readonly path: string;
  readonly projected: Json | undefined;
  readonly replayed: Json | undefined;
}

/** Where two values differ, as deep as both have members of the same kind. */
export const differencesBetween = (projected: Json | undefined, replayed: Json | undefined, path = ''): readonly ValueDifference[] => {
  if (isSame(projected, replayed)) return [];
  if (!isJsonObject(projected) || !isJsonObject(replayed)) return [{ path, projected, replayed }];
  const names = [...new Set([...Object.keys(projected), ...Object.keys(replayed)])].sort();
  return names.flatMap((name) => differencesBetween(projected[name], replayed[name], `${path}/${partOf(name)}`));
};

const withDocuments = (row: JsonObject): JsonObject => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, readValue(value ?? null)]));
const pick = (row: JsonObject, names: readonly string[]): JsonObject => Object.fromEntries(names.map((name) => [name, row[name] ?? null]));

/** What a pair of rows says, one entry for each value that differs. Equal documents in another order are no difference. */
export const rowDifferences = ({ table, key, projected, replayed }: RowPair): readonly RowDifference[] => {
  const named = { table, key: pick(projected ?? replayed ?? {}, key) };
  if (projected === null) return replayed === null ? [] : [{ ...named, kind: 'missing', path: '' }];
  if (replayed === null) return [{ ...named, kind: 'unexpected', path: '' }];
  return differencesBetween(withDocuments(projected), withDocuments(replayed)).map((difference) => ({
    ...named, kind: 'different', path: difference.path,
    ...(difference.projected === undefined ? {} : { projected: difference.projected }), ...(difference.replayed === undefined ? {} : { replayed: difference.replayed }),
  }));
};
