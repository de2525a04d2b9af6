import { statefulStatus, type RunState } from '@cs/automation-domain';
import { cloudEventTypePrefix, runEvents, type EventTable, type Run } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import { phaseAfter, phaseTransition } from './phase-machine.js';
import { phaseOf } from './phase.js';
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

/** A commit of a run, and the run around it. */
export interface RunCommit {
  readonly stored: StoredCommit;
  /** The run before the commit, as far as it could be folded. */
  readonly before: RunState;
  /** The run after the commit. */
  readonly run: RunState;
  /** The run right after each event; empty where only `run` is known. */
  readonly steps: readonly RunState[];
}

/** An event and the run right after it. */
interface Moment {
  readonly stored: StoredCommit;
  readonly seq: number;
  readonly run: RunState;
  readonly status: string;
  readonly phase: string | undefined;
}

const payloadOf = (event: RecordedIn<'run'>, data: JsonObject, { run, seq, status }: Moment): JsonObject => ({
  source: 'automation_v2_lifecycle',
  automation_id: run?.automation_id ?? event.correlation_id ?? null,
  trigger_type: run?.trigger_type ?? null,
  // The status right after the event, so that a timeline read later still says what was.
  status,
  event: event.event_type,
  lifecycle_index: seq - 1,
  lifecycle_occurrence: occurrenceOf(event.event_id),
  reason: text(data['reason']),
  stop_kind: text(data['stop_kind']),
  metadata: data,
  counts_as_activity: catalogue[event.event_type]?.activity !== false,
});

// One literal: building rows from parts by spreading takes several times as long.
const eventRow = (event: RecordedIn<'run'>, moment: Moment, phaseBefore: string | undefined): RunEventRow => {
  const { stored, seq, run, status, phase } = moment;
  const data = memberOf(event.data as Json);
  const phase_id = phaseIdOf(data, run);
  return {
    org_id: stored.ref.org_id,
    workspace_id: stored.ref.workspace_id,
    event_id: event.event_id,
    run_id: stored.ref.id,
    seq,
    event_type: `${cloudEventTypePrefix}${event.event_type}`,
    occurred_at_ms: event.recorded_at_ms,
    actor: event.actor ?? null,
    phase_id,
    phase_transition: phase === undefined ? null : (phaseTransition({ run_id: stored.ref.id, from: phaseBefore, to: phase, event: event.event_type, at_ms: event.recorded_at_ms, phase_id }) ?? null),
    wait_kind: waitKindOf(data, run),
    causation_id: causationOf(event, data),
    correlation_id: event.correlation_id ?? run?.automation_id ?? null,
    position: stored.position,
    status,
    payload: payloadOf(event, data, moment),
  };
};

const momentsOf = ({ stored, run, steps }: RunCommit): readonly Moment[] => {
  const { events, version } = stored.commit;
  const first = version - events.length + 1;
  return events.map(({ event_type }, index): Moment => {
    const known = steps[index] ?? (index === events.length - 1 ? run : undefined);
    const status = known === undefined ? undefined : statefulStatus(known);
    return { stored, seq: first + index, run: known ?? run, status: status ?? stored.status, phase: status === undefined ? undefined : phaseAfter(status, event_type) };
  });
};

/** The timeline entries of one commit of a run, each as of its own time (domain 7.3). */
export const projectRunEvents = (commit: RunCommit): readonly RunEventRow[] => {
  const moments = momentsOf(commit);
  let phase = commit.before === undefined ? undefined : phaseOf(statefulStatus(commit.before));
  return eventsOf('run', commit.stored).flatMap((event, index) => {
    const moment = moments[index];
    if (moment === undefined) return [];
    const row = eventRow(event, moment, phase);
    phase = moment.phase ?? phase;
    return [row];
  });
};
