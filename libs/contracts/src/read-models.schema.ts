import type { Json } from '@cs/kernel';
import type { AutomationDefinition } from './definition.schema.js';
import type { Approver } from './gate.schema.js';
import type { AnswerConversion, EscalationRequest, HumanRequest } from './human-request.schema.js';
import type { PhaseTransition } from './run-snapshot.schema.js';
import type { StatefulScope } from './stateful-scope.schema.js';
import type { GovernanceActor, TenantContext } from './tenant.schema.js';

/** An automation as it is now. */
export interface AutomationRecord extends AutomationDefinition {
  readonly tenant_context: TenantContext;
  readonly definition_version: string;
  readonly definition_hash: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  /** When its schedule fires next; absent when it does not. */
  readonly next_fire_at_ms?: number;
  readonly last_fired_at_ms?: number;
}

/** One line of a run's timeline (domain 7.1 and 7.3). `seq` starts at 1 and has no gaps. */
export interface StatefulEvent {
  readonly schema_version: 1;
  readonly event_id: string;
  readonly run_id: string;
  readonly seq: number;
  readonly event_type: string;
  readonly occurred_at_ms: number;
  readonly actor: GovernanceActor | null;
  readonly phase_id: string | null;
  /** The step to another phase that the event was; null when the phase stayed. */
  readonly phase_transition: PhaseTransition | null;
  readonly wait_kind: string | null;
  readonly causation_id: string | null;
  readonly correlation_id: string | null;
  readonly position: number;
  /** Stateful status of the run right after the event. */
  readonly status: string;
  readonly payload: Json;
}

/** The stateful view of a run (domain 7.1). */
export interface StatefulRun {
  readonly run_id: string;
  readonly kind: 'automation_v2';
  readonly automation_id: string;
  /** The run as its automation knows it: the same. */
  readonly automation_run_id: string;
  /** No run of an automation is of a workflow. */
  readonly workflow_id: null;
  readonly scope: StatefulScope;
  readonly status: string;
  readonly phase: string;
  /** The phase as it was last seen: one entry. Timeline and snapshots have every step. */
  readonly phase_history: readonly PhaseTransition[];
  readonly allowed_next_phases: readonly string[];
  readonly current_phase_id: string | null;
  readonly active_wait_kind: string | null;
  readonly active_wait_id: string | null;
  readonly trigger_type: string;
  /** What such runs do not record: the event that a trigger reacted to, its id, and a task of a context run. */
  readonly trigger_event: null;
  readonly source_event_id: null;
  readonly task_id: null;
  readonly workflow_definition_version: string;
  readonly workflow_definition_snapshot_hash: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly started_at_ms: number | null;
  readonly finished_at_ms: number | null;
  readonly last_seq: number;
  /** The snapshot after its newest event, whose id it has. */
  readonly latest_snapshot_id: string | null;
  /** Context runs that execute for it. */
  readonly related_context_run_ids: readonly string[];
  readonly metadata: {
    /** Sessions with a model that are open for it, and the newest of all. */
    readonly active_session_ids: readonly string[];
    readonly latest_session_id: string | null;
    readonly stop_kind: string | null;
    readonly trigger_reason: string | null;
    readonly consumed_handoff_id: string | null;
  };
  /** A run of another system, whose history was imported: it is read here and never executed. */
  readonly imported?: true;
}

export interface AuditVerification {
  /** The chain was looked at to its end, and everything in it holds. */
  readonly verified: boolean;
  /** False: there is more; go on with `checkpoint`. */
  readonly complete: boolean;
  /** Records that were looked at: those behind `from_seq`, up to `to_seq`. */
  readonly records: number;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly head_seq: number;
  readonly head_hash: string | null;
  /** Where it ended: `{seq}.{record_hash}.{place of the last anchor}`. Kept elsewhere, it is an anchor of one's own. */
  readonly checkpoint: string;
  /** The first ones, by record. */
  readonly violations: readonly { readonly kind: string; readonly seq: number; readonly detail: string }[];
  readonly violation_count: number;
  /** The first of all. */
  readonly violation?: { readonly kind: string; readonly seq: number; readonly detail: string };
  /** Keys that are not there, or are others than those that signed: what they signed was not verified. */
  readonly missing_keys: readonly string[];
  /** What was compared with hashes that are kept outside the database. */
  readonly anchors: { readonly checked: number; readonly newest_seq: number; readonly newest_at_ms: number | null };
}

export const deadLetterSources = ['message', 'node', 'stateful_wait', 'tool_effect'] as const;
export type DeadLetterSource = (typeof deadLetterSources)[number];

export interface DeadLetterRecord {
  readonly dead_letter_id: string;
  readonly source_type: DeadLetterSource;
  readonly source_id: string;
  readonly consumer: string;
  readonly subject: string;
  readonly stream_sequence: number;
  readonly deliveries: number;
  readonly reason: string;
  readonly status: string;
  readonly opened_at_ms: number;
}

export interface DueWait {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly wait_id: string;
  /** Its wake-up or its timeout, whichever is first. */
  readonly due_at_ms: number;
}

/** A wait of a run, from its opening to its end (domain 8.1). Its identity is tenant, run and wait id. */
export interface WaitRecord {
  readonly schema_version: 1;
  readonly wait_id: string;
  readonly run_id: string;
  readonly wait_kind: string;
  readonly status: string;
  readonly scope: { readonly schema_version: 1; readonly tenant_context: { readonly org_id: string; readonly workspace_id: string; readonly deployment_id: string | null } };
  readonly phase_id: string | null;
  readonly reason: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly wake_at_ms: number | null;
  readonly timeout_policy: Json;
  readonly event_seq: number;
  readonly wake_idempotency_key: string | null;
  readonly completed_at_ms: number | null;
  readonly metadata: Json;
}

export const humanRequestStatuses = ['pending', 'answered', 'accepted', 'timed_out', 'cancelled'] as const;
export type HumanRequestStatus = (typeof humanRequestStatuses)[number];

/** A question or an escalation of a run, from its asking to its end. */
export interface HumanRequestRecord {
  readonly request_id: string;
  readonly kind: HumanRequest['kind'];
  readonly status: HumanRequestStatus;
  readonly run_id: string;
  readonly automation_id: string;
  /** Name of the automation; its id while the automation is not known. */
  readonly workflow_name: string;
  readonly node_id: string;
  /** Item of a list that asks, from 0. */
  readonly item: number | null;
  readonly agent: string | null;
  /** What is asked; of an escalation, its reason. */
  readonly prompt: string;
  readonly schema: Json;
  /** Absent when the question has none. */
  readonly default?: Json;
  /** Who may answer; null means the owner of the automation and its administrators. */
  readonly ask: readonly Approver[] | null;
  /** Roles that are asked so far; null for questions. */
  readonly roles: readonly string[] | null;
  readonly declined: EscalationRequest['declined'];
  readonly requested_by: GovernanceActor;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number | null;
  /** Where a response is sent. */
  readonly respond_endpoint: string;
  /** Absent until it is answered. */
  readonly answer?: Json;
  readonly conversion: AnswerConversion | null;
  /** Null until it is answered. */
  readonly answer_source: 'person' | 'default' | null;
  readonly responded_by: GovernanceActor | null;
  readonly ended_at_ms: number | null;
  readonly reason: string | null;
}
