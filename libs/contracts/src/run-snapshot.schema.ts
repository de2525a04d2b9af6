import type { JsonObject } from '@cs/kernel';

/** A step of a run from one phase to another (domain 7.6). */
export interface PhaseTransition {
  readonly event_id: string;
  /** `observed`: the run was seen in this phase without a move that the table of phases knows. */
  readonly event_type: 'stateful_runtime.phase.observed' | 'stateful_runtime.phase.transition';
  /** `null` at the beginning of what is known. */
  readonly from_phase: string | null;
  readonly to_phase: string;
  readonly occurred_at_ms: number;
  readonly phase_id: string | null;
  readonly reason: string;
  /** The run went back into work that it had left: it was requeued, recovered or repaired. */
  readonly reentry?: true;
  /** The table has no such move. It is recorded like any other. */
  readonly anomaly?: 'from_terminal_phase' | 'not_in_the_table';
}

/** What a run was right after one of its events (domain 7.1): nothing that a step answered, and no instructions of a gate. */
export interface StatefulSnapshot {
  readonly schema_version: 1;
  /** That of its event. */
  readonly snapshot_id: string;
  readonly run_id: string;
  readonly seq: number;
  readonly created_at_ms: number;
  readonly scope: { readonly schema_version: 1; readonly tenant_context: { readonly org_id: string; readonly workspace_id: string; readonly deployment_id: string | null } };
  readonly status: string;
  readonly phase: string;
  /** The newest hundred, the oldest of them first. */
  readonly phase_history: readonly PhaseTransition[];
  readonly allowed_next_phases: readonly string[];
  readonly phase_id: string | null;
  readonly source_record_kind: 'automation_v2';
  readonly checkpoint: JsonObject;
  /** `sha256:` and the digest of the checkpoint's canonical JSON. */
  readonly payload_digest: string;
  readonly workflow_definition_version: string | null;
  readonly workflow_definition_snapshot_hash: string | null;
  readonly metadata: {
    readonly source: 'automation_v2_lifecycle';
    readonly event_id: string;
    readonly event: string;
    readonly lifecycle_index: number;
    readonly redaction_tier: 'summary';
    /** The event counts as activity of the run. */
    readonly activity_boundary: boolean;
  };
}
