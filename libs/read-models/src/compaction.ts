import type { PhaseTransition } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import type { RunKey } from './projection-memory.js';
import type { TenantKey } from './tenant-key.js';

/** Type of the entry that stands in a timeline for the events that have left it (domain 7.8). */
export const compactionMarkerType = 'stateful_runtime.event_log_compacted';

/** Ids that a marker lists: the newest. It counts all, and does not grow with the history. */
const listedIds = 1000;

/** Steps of the phase that a marker keeps: as many as a snapshot shows. */
const keptSteps = 100;

/** An event that leaves the timeline, or the marker of those that left before (`marker` is its payload). */
export interface CompactedEvent {
  readonly seq: number;
  readonly event_id: string;
  readonly phase_transition: PhaseTransition | null;
  readonly marker: Json | null;
}

/** What happens to the timeline of one run: the events up to `through_seq` make way for a marker, which has that `seq`. */
export interface Compaction extends RunKey {
  readonly through_seq: number;
  readonly event_id: string;
  /** The newest step of the phase among what left. */
  readonly phase_transition: PhaseTransition | null;
  readonly payload: JsonObject;
}

interface Compacted {
  readonly count: number;
  readonly ids: readonly Json[];
  readonly steps: readonly PhaseTransition[];
}

/** Steps of the phase that a marker holds, each with the `seq` of the marker. */
export const stepsOfMarker = (payload: Json | null): readonly PhaseTransition[] => {
  const steps = isJsonObject(payload) ? payload['phase_history'] : [];
  return Array.isArray(steps) ? (steps as unknown as readonly PhaseTransition[]) : [];
};

const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

const compactedBy = ({ seq, event_id, phase_transition, marker }: CompactedEvent): Compacted => {
  if (!isJsonObject(marker)) return { count: 1, ids: [{ event_id, seq }], steps: phase_transition === null ? [] : [phase_transition] };
  const ids = marker['compacted_event_ids'];
  return { count: numberOf(marker['compacted_event_count']), ids: Array.isArray(ids) ? (ids as readonly Json[]) : [], steps: stepsOfMarker(marker) };
};

/** The marker for events in ascending `seq`; `undefined` when there are none. It follows from them alone. */
export const compactionOf = (run: TenantKey & RunKey, events: readonly CompactedEvent[], digest: Digest): Compaction | undefined => {
  const last = events.at(-1);
  if (last === undefined || last.marker !== null) return undefined;
  const parts = events.map(compactedBy);
  const { org_id, workspace_id, deployment_id, run_id } = run;
  const through_seq = last.seq;
  const id = digest(canonicalJson({ org_id, workspace_id, deployment_id, run_id, through_seq })).slice(0, 32);
  const steps = parts.flatMap((part) => part.steps).slice(-keptSteps);
  return {
    org_id, workspace_id, run_id, through_seq, event_id: `stateful-compaction-${id}`, phase_transition: steps.at(-1) ?? null,
    payload: {
      source: 'event_log_compaction', compacted_through_seq: through_seq, compacted_event_count: parts.reduce((sum, { count }) => sum + count, 0),
      compacted_event_ids: parts.flatMap(({ ids }) => ids).slice(-listedIds), phase_history: steps.map((step) => ({ ...step })),
    },
  };
};
