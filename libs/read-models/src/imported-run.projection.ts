import { countsAsActivity } from '@cs/automation-domain';
import { cloudEventTypePrefix, type ImportedEntry, type ImportedRunHeader } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import type { Json, JsonObject } from '@cs/kernel';
import { phaseAfter, phaseTransition } from './phase-machine.js';
import type { RunEventRow } from './row-changes.js';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

/** A run of another system, as it was imported last. */
export interface ImportedRunRow extends TenantKey {
  readonly run_id: string;
  readonly automation_id: string;
  readonly trigger_type: string;
  readonly stateful_status: string;
  readonly phase: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly last_seq: number;
  readonly position: number;
  readonly record: ImportedRunHeader;
}

export interface ImportedRows {
  readonly runs: readonly ImportedRunRow[];
  readonly events: readonly RunEventRow[];
}

type Imported = RecordedIn<'imported_run'>;

const waitKinds: readonly string[] = ['timer', 'webhook', 'approval', 'external_condition', 'retry_backoff'];
const text = (value: Json | undefined): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);

const causationOf = ({ metadata }: ImportedEntry): string | null => {
  const claim = metadata['claim'];
  const named = ['session_id', 'wait_id', 'delivery_id', 'handoff_id'].map((name) => text(metadata[name])).find((id) => id !== null);
  return named ?? (typeof claim === 'object' && claim !== null && !Array.isArray(claim) ? text((claim as JsonObject)['claim_id']) : null);
};

/** Only the newest entry of the record that is imported happened while its gate was open. */
const gateOf = ({ data }: Imported, entry: ImportedEntry): string | null =>
  data.run.awaiting_node_id !== null && entry.status === 'awaiting_approval' ? data.run.awaiting_node_id : null;

const waitKindOf = (event: Imported, entry: ImportedEntry): string | null => {
  const kind = text(entry.metadata['wait_kind']);
  if (entry.status === 'awaiting_approval' || gateOf(event, entry) !== null) return 'approval';
  return kind !== null && waitKinds.includes(kind) ? kind : null;
};

/** The same as of our own runs (domain 7.3). */
const payloadOf = ({ data: { run } }: Imported, entry: ImportedEntry): JsonObject => ({
  source: 'automation_v2_lifecycle', automation_id: run.automation_id, trigger_type: run.trigger_type, status: entry.status, event: entry.event, lifecycle_index: entry.index,
  lifecycle_occurrence: entry.occurrence, reason: entry.reason, stop_kind: entry.stop_kind, metadata: entry.metadata, counts_as_activity: countsAsActivity(entry.event),
});

interface Place {
  readonly stored: StoredCommit;
  readonly seq: number;
  readonly phaseBefore: string | undefined;
}

const eventRow = (event: Imported, entry: ImportedEntry, { stored, seq, phaseBefore }: Place): RunEventRow => {
  const phase_id = text(entry.metadata['node_id']) ?? gateOf(event, entry);
  const { ref: { org_id, workspace_id, id: run_id }, position } = stored;
  const step = { run_id, from: phaseBefore, to: phaseAfter(entry.status, entry.event), event: entry.event, at_ms: entry.occurred_at_ms, phase_id };
  return {
    org_id, workspace_id, event_id: entry.event_id, run_id, seq, event_type: `${cloudEventTypePrefix}${entry.event}`, occurred_at_ms: entry.occurred_at_ms, actor: null, phase_id,
    phase_transition: phaseTransition(step) ?? null, wait_kind: waitKindOf(event, entry), causation_id: causationOf(entry), correlation_id: event.data.automation_id, position, status: entry.status, payload: payloadOf(event, entry),
  };
};

const eventRows = (event: Imported, stored: StoredCommit): readonly RunEventRow[] => {
  const { before, entries, first_seq } = event.data;
  let phaseBefore = before === null ? undefined : phaseAfter(before.status, before.event);
  return entries.map((entry, index) => {
    const row = eventRow(event, entry, { stored, seq: first_seq + index, phaseBefore });
    phaseBefore = phaseAfter(entry.status, entry.event);
    return row;
  });
};

const runRow = ({ data }: Imported, { position }: StoredCommit): ImportedRunRow => {
  const { run, entries, first_seq } = data;
  return {
    ...tenantKey(data.tenant_context), run_id: run.run_id, automation_id: run.automation_id, trigger_type: run.trigger_type, stateful_status: run.status, phase: phaseAfter(run.status, entries.at(-1)?.event ?? ''),
    created_at_ms: run.created_at_ms, updated_at_ms: run.updated_at_ms, last_seq: first_seq - 1 + entries.length, position, record: run,
  };
};

/** The rows of an import: the run as it is known now, and the lines that are new in its timeline. */
export const projectImportedRun = (stored: StoredCommit): ImportedRows => {
  const events = eventsOf('imported_run', stored);
  return { runs: events.map((event) => runRow(event, stored)), events: events.flatMap((event) => eventRows(event, stored)) };
};
