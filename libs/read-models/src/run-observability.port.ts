import type { LedgerCollection, LedgerPage, ObservabilityLimits, ObservedAuditEvent, ObservedPolicyDecision, StatefulEvent, WaitRecord } from '@cs/contracts';
import type { JsonText } from '@cs/kernel';
import type { StoredRun } from './projection-queries.port.js';
import type { SnapshotSources } from './snapshot-queries.port.js';
import type { Reader } from './tenant-key.js';

/** An event as it is sent, and what others say of it. */
export interface ObservedEvent extends Pick<StatefulEvent, 'event_id' | 'seq' | 'event_type' | 'occurred_at_ms' | 'phase_id' | 'causation_id' | 'correlation_id'> {
  readonly json: JsonText<StatefulEvent>;
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
  readonly active: Pick<LedgerPage, 'dead_letters' | 'compensations'>;
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
