import type { OfferedEntry } from '@cs/automation-domain';
import type { ImportedLifecycleRecord, ImportedStoredEvent, RunImport } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { canonicalJson, isJsonObject, redactCredentials, redactJson, type Json, type JsonObject } from '@cs/kernel';

/** Type prefix of the events of the reference system's runs. */
const typePrefix = 'stateful_runtime.automation_v2.';
const markerType = 'stateful_runtime.event_log_compacted';

const safe = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, '-') || 'event';
const objectOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});

interface Identified {
  readonly run_id: string;
  readonly automation_id: string;
  readonly digest: Digest;
}

type Plain = Pick<ImportedLifecycleRecord, 'event' | 'recorded_at_ms' | 'reason' | 'stop_kind' | 'metadata'>;

/** What a record is identified by (domain 7.2): all that it says, and nothing of its place. */
const hashOf = ({ event, recorded_at_ms, reason = null, stop_kind = null, metadata = null }: Plain, { run_id, automation_id, digest }: Identified): string =>
  digest(canonicalJson({ run_id, automation_id, event, recorded_at_ms, reason, stop_kind, metadata }));

const stableId = (event: string, { hash, occurrence, run_id }: { readonly hash: string; readonly occurrence: number; readonly run_id: string }): string =>
  `automation-v2-lifecycle-${run_id}-${safe(event)}-${hash.slice(0, 24)}-${occurrence}`;

/** The older form of an id, by place in the history. */
const legacyId = (event: string, index: number, run_id: string): string => `automation-v2-lifecycle-${run_id}-${index}-${safe(event)}`;

/** Counts equal things, on from where one says how many there were before it. */
const counter = (): ((hash: string, said?: number) => number) => {
  const seen = new Map<string, number>();
  return (hash, said) => {
    const occurrence = said ?? seen.get(hash) ?? 0;
    seen.set(hash, occurrence + 1);
    return occurrence;
  };
};

const redactedText = (text: string | null | undefined): string | null => (text === null || text === undefined ? null : redactCredentials(text));

/** As it is recorded: an object, without what looks like a credential. */
const recordedMetadata = (metadata: Json | undefined): Record<string, Json> => {
  if (metadata === undefined || metadata === null) return {};
  const object = objectOf(redactJson(isJsonObject(metadata) ? metadata : { value: metadata }));
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, value ?? null]));
};

const fromHistory = (records: readonly ImportedLifecycleRecord[], firstIndex: number, of: Identified): readonly OfferedEntry[] => {
  const occurrences = counter();
  return records.map((record, place): OfferedEntry => {
    const hash = hashOf(record, of);
    const occurrence = occurrences(hash, record.occurrence);
    return {
      event_id: stableId(record.event, { hash, occurrence, run_id: of.run_id }), event: record.event, occurred_at_ms: record.recorded_at_ms, index: firstIndex + place, occurrence,
      reason: redactedText(record.reason), stop_kind: record.stop_kind ?? null, metadata: recordedMetadata(record.metadata), status: record.status ?? null, aliases: [],
    };
  });
};

/** The lifecycle record that an event was made of. */
const recordOf = ({ event_type, occurred_at_ms }: ImportedStoredEvent, payload: JsonObject): Plain => {
  const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
  return { event: event_type.slice(typePrefix.length), recorded_at_ms: occurred_at_ms, reason: text(payload['reason']), stop_kind: text(payload['stop_kind']), metadata: payload['metadata'] ?? null };
};

const wholeOf = (value: Json | undefined, fallback: number): number => (typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : fallback);

/** Stored events keep their ids; under the ids that their records have today they are known too (domain 7.4). */
const fromStored = (events: readonly ImportedStoredEvent[], of: Identified): readonly OfferedEntry[] => {
  const occurrences = counter();
  return events.filter(({ event_type, correlation_id }) => event_type.startsWith(typePrefix) && (correlation_id ?? of.automation_id) === of.automation_id).map((event, place): OfferedEntry => {
    const payload = objectOf(event.payload);
    const record = recordOf(event, payload);
    const hash = hashOf(record, of);
    const occurrence = wholeOf(payload['lifecycle_occurrence'], occurrences(hash));
    return {
      event_id: event.event_id, event: record.event, occurred_at_ms: event.occurred_at_ms, index: wholeOf(payload['lifecycle_index'], place), occurrence,
      reason: redactedText(record.reason), stop_kind: record.stop_kind ?? null, metadata: recordedMetadata(record.metadata), status: null, aliases: [stableId(record.event, { hash, occurrence, run_id: of.run_id })],
    };
  });
};

const idOf = (listed: Json): readonly string[] => {
  const id = isJsonObject(listed) ? listed['event_id'] : listed;
  return typeof id === 'string' ? [id] : [];
};

/** Ids that markers of a compaction list. */
const compactedIds = (events: readonly ImportedStoredEvent[]): readonly string[] =>
  events.filter(({ event_type }) => event_type === markerType).flatMap(({ payload }) => {
    const listed = objectOf(payload)['compacted_event_ids'];
    return Array.isArray(listed) ? (listed as readonly Json[]).flatMap(idOf) : [];
  });

/** The entries of an import, each with every id that it may be known by: stored ones first, then the history. */
export const entriesOfImport = ({ run, events, first_index }: Pick<RunImport, 'run' | 'events' | 'first_index'>, digest: Digest): { readonly entries: readonly OfferedEntry[]; readonly compacted: readonly string[] } => {
  const of = { run_id: run.run_id, automation_id: run.automation_id, digest };
  const compacted = compactedIds(events);
  // An id by place says nothing of what it stood for, so it counts only where the other system has compacted it.
  const gone = new Set(compacted);
  const history = fromHistory(run.checkpoint.lifecycle_history, first_index, of).map((entry): OfferedEntry => {
    const legacy = legacyId(entry.event, entry.index, run.run_id);
    return gone.has(legacy) ? { ...entry, aliases: [legacy] } : entry;
  });
  return { entries: [...fromStored(events, of), ...history], compacted };
};
