import { cloudEventTypePrefix, runEvents, type EventTable, type Run, type StatefulEvent } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import type { RunEventRow } from './row-changes.js';
import type { TenantKey } from './tenant-key.js';
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
  readonly tenant: TenantKey;
}

const payloadOf = (event: RecordedIn<'run'>, data: JsonObject, { run, stored, seq }: Surroundings & { readonly seq: number }): JsonObject => ({
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

const statefulEvent = (event: RecordedIn<'run'>, seq: number, surroundings: Surroundings): StatefulEvent => {
  const { stored, run } = surroundings;
  const data = memberOf(event.data as Json);
  return {
    schema_version: 1,
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
    payload: payloadOf(event, data, { ...surroundings, seq }),
  };
};

/** The timeline entries of one commit of a run (domain 7.3). */
export const projectRunEvents = (surroundings: Surroundings): readonly RunEventRow[] => {
  const { stored, tenant } = surroundings;
  const first = stored.commit.version - stored.commit.events.length + 1;
  return eventsOf('run', stored).map((event, index) => ({ ...tenant, ...statefulEvent(event, first + index, surroundings) }));
};
