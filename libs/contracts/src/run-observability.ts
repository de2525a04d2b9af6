import type { StatefulEvent, StatefulRun, WaitRecord } from './read-models.schema.js';
import type { LedgerCollection, LedgerPage } from './reliability.schema.js';
import type { StatefulSnapshot } from './run-snapshot.schema.js';
import type { GovernanceActor } from './tenant.schema.js';

/** How much of each kind one document holds, at most. */
export interface ObservabilityLimits {
  readonly event_limit: number;
  readonly snapshot_limit: number;
  /** Of ended waits, of policy decisions, and of each collection of the ledger. */
  readonly reliability_limit: number;
  readonly audit_limit: number;
}

/** A decision of the policy on an effect, without what was judged. */
export interface ObservedPolicyDecision {
  readonly decision_id: string;
  readonly run_id: string;
  readonly automation_id: string;
  readonly node_id: string;
  readonly tool: string | null;
  readonly decision: string;
  readonly reason_code: string;
  readonly risk_tier: string | null;
  /** The policy that was decisive; null where none matched. */
  readonly policy_id: string | null;
  readonly grant_id: string | null;
  /** Opening that asks for the approval, or whose approval the effect went out under. */
  readonly approval_id: string | null;
  /** Event that the audit records the decision by; null for what is not audited. */
  readonly audit_event_id: string | null;
  /** Decisions on one effect have the same. */
  readonly effect_id: string;
  readonly created_at_ms: number;
}

/** A record of the protected audit. What it says is not shown, only its digest. */
export interface ObservedAuditEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly created_at_ms: number;
  readonly seq: number;
  readonly record_hash: string;
  readonly actor: GovernanceActor | null;
  /** `sha256:` and the hex digest of the payload as the audit stores it. */
  readonly payload_digest: string;
}

/**
 * Why a run does not go on by itself, or what of it asks for somebody (domain 11.4). `historical`, of decisions of the
 * policy: a newer one settled it, or the run is over, so that nothing waits for it any more; it is listed all the same.
 */
export type BlockingReason = { readonly historical: boolean } & (
  | { readonly kind: 'run_status'; readonly status: string; readonly phase_id: string | null }
  | { readonly kind: 'active_wait'; readonly wait_id: string; readonly wait_kind: string; readonly status: string; readonly phase_id: string | null; readonly reason: string | null }
  | { readonly kind: 'policy_decision'; readonly decision_id: string; readonly decision: string; readonly reason_code: string; readonly tool: string | null; readonly approval_id: string | null }
  | { readonly kind: 'outbox'; readonly outbox_id: string; readonly status: string; readonly operation: string | null; readonly dead_letter_id: string | null }
  | { readonly kind: 'tool_effect'; readonly effect_id: string; readonly status: string; readonly operation: string | null; readonly compensation_id: string | null }
  | { readonly kind: 'dead_letter'; readonly dead_letter_id: string; readonly source_type: string; readonly reason: string }
  | { readonly kind: 'compensation'; readonly compensation_id: string; readonly status: string; readonly target_effect_id: string; readonly approval_required: boolean }
);

/** What an operator may do about it (domain 11.5). */
export type OperatorAction =
  | { readonly action: 'resume_from_checkpoint'; readonly requires_status: readonly string[] }
  | { readonly action: 'review_wait'; readonly wait_ids: readonly string[] }
  | { readonly action: 'approve_or_deny_policy_decision'; readonly approval_refs: readonly string[] }
  | { readonly action: 'retry_or_reconcile_effect'; readonly effect_ids: readonly string[] }
  | { readonly action: 'resolve_dead_letter'; readonly dead_letter_ids: readonly string[] }
  | { readonly action: 'run_or_cancel_compensation'; readonly compensation_ids: readonly string[] };

/** Everything about one run in one answer (domain 11.2). */
export interface RunObservability {
  readonly run_id: string;
  readonly source: 'stateful_runtime_observability';
  readonly run: StatefulRun;
  /** What it waits for first; null when it waits for nothing. */
  readonly current_wait: WaitRecord | null;
  /** Stored waits: all that are active, and the newest of those that ended. */
  readonly waits: readonly WaitRecord[];
  /** Newest first. */
  readonly policy_decisions: readonly ObservedPolicyDecision[];
  /** The ledger's records of the run, newest updated first, those too that a later success made moot. */
  readonly reliability: Pick<LedgerPage, LedgerCollection>;
  readonly audit: { readonly protected_events: readonly ObservedAuditEvent[]; readonly payload_policy: 'redacted_payload_digest_only' };
  readonly events: {
    readonly latest: Pick<StatefulEvent, 'event_id' | 'seq' | 'event_type' | 'occurred_at_ms' | 'phase_id' | 'causation_id' | 'correlation_id'> | null;
    /** The newest events, ascending. */
    readonly tail: readonly StatefulEvent[];
    /** Of those events that name a cause or a correlation. */
    readonly correlation_ids: readonly Pick<StatefulEvent, 'event_id' | 'seq' | 'causation_id' | 'correlation_id'>[];
  };
  readonly snapshots: {
    readonly latest: Pick<StatefulSnapshot, 'snapshot_id' | 'seq' | 'status' | 'phase' | 'created_at_ms'> | null;
    /** The newest, ascending. */
    readonly items: readonly StatefulSnapshot[];
  };
  readonly operator_summary: { readonly is_blocked: boolean; readonly blocking_reasons: readonly BlockingReason[]; readonly allowed_actions: readonly OperatorAction[] };
  /** Lengths of what is returned; `active_waits` counts the one that follows from the run only, too. */
  readonly counts: Readonly<Record<LedgerCollection, number>> & { readonly waits: number; readonly active_waits: number; readonly policy_decisions: number; readonly protected_audit_events: number; readonly events: number; readonly snapshots: number };
  readonly limits: ObservabilityLimits;
}
