import type { LedgerCollection, LedgerPage, ObservabilityLimits, ObservedAuditEvent, ObservedPolicyDecision, OutboxRecord, StatefulEvent, ToolEffectRecord, WaitRecord } from '@cs/contracts';
import type { JsonText } from '@cs/kernel';
import type { StoredRun } from './projection-queries.port.js';
import type { SnapshotSources } from './snapshot-queries.port.js';
import type { Reader } from './tenant-key.js';

/** An event as it is sent, and what others say of it. */
export interface ObservedEvent extends Pick<StatefulEvent, 'event_id' | 'seq' | 'event_type' | 'occurred_at_ms' | 'phase_id' | 'causation_id' | 'correlation_id'> {
  readonly json: JsonText<StatefulEvent>;
}

/** What asks for somebody, of the whole run: no record that asks for nobody takes its place. */
export interface OpenRecovery extends Pick<LedgerPage, 'dead_letters' | 'compensations'> {
  /** What waits to leave, or could not; what waits comes first. */
  readonly outbox: readonly Pick<OutboxRecord, 'outbox_id' | 'status' | 'operation' | 'dead_letter_id'>[];
  /** Failed or unknown ones; what nobody knows comes first. */
  readonly tool_effects: readonly Pick<ToolEffectRecord, 'effect_id' | 'status' | 'operation' | 'compensation_id'>[];
}

/** What belongs to one run, as of one moment, cut to the limits. */
export interface ObservedOfRun {
  /** All that are active, in the order in which they are due; then the newest of those that ended (W29). */
  readonly waits: readonly WaitRecord[];
  /** The newest events, ascending. */
  readonly events: readonly ObservedEvent[];
  /** Newest first. */
  readonly policy_decisions: readonly ObservedPolicyDecision[];
  /** Newest updated first. */
  readonly reliability: Pick<LedgerPage, LedgerCollection>;
  /** What of it recovery still has to do with. */
  readonly active: OpenRecovery;
  /** The newest records that name the run, ascending. */
  readonly audit: readonly ObservedAuditEvent[];
}

/** What is stored about one run. */
export interface ObservedRows extends ObservedOfRun {
  readonly run: StoredRun;
  /** What the snapshots of the newest events are folded from. */
  readonly snapshots: SnapshotSources;
}

/** Reads everything about a run at once. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface RunObservabilityQueries {
  /** `undefined`: there is no such run of the tenant, or the reader does not see it. */
  observedRun(reader: Reader, runId: string, limits: ObservabilityLimits): Promise<ObservedRows | undefined>;
}
