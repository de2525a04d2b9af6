import { cloudEventTypePrefix, runEvents, type EventTable, type Run } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import type { RunEventRow } from './row-changes.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

const catalogue: EventTable = runEvents;

const text = (value: Json | undefined): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);
const memberOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});

const firstText = (data: JsonObject, ...names: readonly string[]): string | null => {
  for (const name of names) {
    const found = text(data[name]);
    if (found !== null) return found;
  }
  return null;
};

const causationOf = (event: RecordedIn<'run'>, data: JsonObject): string | null =>
  event.causation_id ?? firstText(data, 'session_id', 'wait_id', 'delivery_id', 'handoff_id') ?? text(memberOf(data['claim'])['claim_id']);

const phaseIdOf = (data: JsonObject, run: Run | undefined): string | null =>
  text(data['node_id']) ?? text(memberOf(data['wait'])['node_id']) ?? run?.checkpoint.awaiting_gate?.node_id ?? null;

const waitKindOf = (data: JsonObject, run: Run | undefined): string | null =>
  run?.checkpoint.awaiting_gate === undefined ? (text(data['wait_kind']) ?? text(memberOf(data['wait'])['wait_kind'])) : 'approval';

/** Equal events of one commit differ by the number at the end of their id (domain 7.2). */
const occurrenceOf = (eventId: string): number => Number(/-(\d+)$/.exec(eventId)?.[1] ?? 0);

interface Surroundings {
  readonly stored: StoredCommit;
  /** The run after the commit, as far as it could be folded. */
  readonly run: Run | undefined;
}

const payloadOf = (event: RecordedIn<'run'>, seq: number, { run, stored, data }: Surroundings & { readonly data: JsonObject }): JsonObject => ({
  source: 'automation_v2_lifecycle',
  automation_id: run?.automation_id ?? event.correlation_id ?? null,
  trigger_type: run?.trigger_type ?? null,
  // The status that the commit led to, so that a timeline read later still says what was.
  status: stored.status,
  event: event.event_type,
  lifecycle_index: seq - 1,
  lifecycle_occurrence: occurrenceOf(event.event_id),
  reason: text(data['reason']),
  stop_kind: text(data['stop_kind']),
  metadata: data,
  counts_as_activity: catalogue[event.event_type]?.activity !== false,
});

// One literal: building rows from parts by spreading takes several times as long.
const eventRow = (event: RecordedIn<'run'>, seq: number, { stored, run }: Surroundings): RunEventRow => {
  const data = memberOf(event.data as Json);
  return {
    org_id: stored.ref.org_id,
    workspace_id: stored.ref.workspace_id,
    event_id: event.event_id,
    run_id: stored.ref.id,
    seq,
    event_type: `${cloudEventTypePrefix}${event.event_type}`,
    occurred_at_ms: event.recorded_at_ms,
    actor: event.actor ?? null,
    phase_id: phaseIdOf(data, run),
    wait_kind: waitKindOf(data, run),
    causation_id: causationOf(event, data),
    correlation_id: event.correlation_id ?? run?.automation_id ?? null,
    position: stored.position,
    status: stored.status,
    payload: payloadOf(event, seq, { stored, run, data }),
  };
};

/** The timeline entries of one commit of a run (domain 7.3). */
export const projectRunEvents = (surroundings: Surroundings): readonly RunEventRow[] => {
  const { stored } = surroundings;
  const first = stored.commit.version - stored.commit.events.length + 1;
  return eventsOf('run', stored).map((event, index) => eventRow(event, first + index, surroundings));
};
