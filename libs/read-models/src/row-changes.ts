import type { NeededAuthority } from '@cs/approval-domain';
import type { ApprovalKind, AutomationDefinition, DeadLetterSource, DeadLetterStatus, GovernanceActor, HandoffArtifact, HandoffStatus, LetterDisposition, PendingGate, PostedMessage, PrincipalRef, RecoveryOption, StatefulEvent, TenantContext, WebhookMatch } from '@cs/contracts';
import type { CompensationRow, OutboxRow, ToolEffectRow } from './ledger-rows.js';
import type { HumanRequestRow } from './human-request-row.js';
import type { EffectPolicyRow, PolicyDecisionRow } from './policy-rows.js';
import type { AuditHead, AuditRecord } from './audit-chain.js';
import type { DelegationRow } from './delegation.projection.js';
import type { GovernanceApprovalRow, GovernanceReviewRow, GovernedAgentRow, GovernedAutomationRow } from './governance-rows.js';
import type { ImportedRunRow } from './imported-run.projection.js';
import type { TenantKey, WorkspaceKey } from './tenant-key.js';
import type { ChannelRow, ChannelUserRow } from './channel.projection.js';
import type { WebhookDeliveryRow, WebhookTriggerRow } from './webhook-rows.js';
import type { WaitStatus } from './wait-queries.port.js';
import type { RunPartRow } from './run-parts.js';
import type { RunRow } from './run-row.js';
import type { JsonObject } from '@cs/kernel';

/** One message of the log, whole. `problem` says why it was set aside and has no projection. */
export interface ArchiveRow {
  readonly position: number;
  readonly subject: string;
  readonly body: string;
  readonly problem: string | null;
}

/** A timeline entry; its run says whose it is. */
export interface RunEventRow extends WorkspaceKey, Omit<StatefulEvent, 'schema_version'> {}

/** A wait of a run (domain 8.1), from its opening to its end. */
export interface WaitRow extends TenantKey {
  readonly run_id: string;
  readonly wait_id: string;
  readonly wait_kind: string;
  readonly status: WaitStatus;
  readonly phase_id: string;
  readonly reason: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly wake_at_ms: number | null;
  readonly timeout_at_ms: number | null;
  /** What happens when nobody and nothing ends it in time. */
  readonly timeout_policy: JsonObject | null;
  /** Per-run `seq` of the event that made the row what it is. */
  readonly event_seq: number;
  readonly wake_idempotency_key: string | null;
  readonly completed_at_ms: number | null;
  /** What a delivery must be to end it; of webhook waits. */
  readonly webhook_match: WebhookMatch | null;
  /** What it waits for, and what happened to it meanwhile. */
  readonly metadata: JsonObject | null;
}

/** What the inbox is filtered by. */
export interface GateKeys {
  readonly kind: ApprovalKind;
  readonly risk_tier: string | null;
  readonly data_classes: readonly string[];
  /** Whoever asked, in one spelling; null when nobody is known. */
  readonly requester: string | null;
  /** The same person, where nothing is left to them but to wait for others. */
  readonly barred: string | null;
  /** Keys of those it takes decisions from (`approverKeysOf`). */
  readonly approvers: readonly string[];
  /** Who has voted, in one spelling each. */
  readonly voters: readonly string[];
  /** Null where being among the approvers is enough. */
  readonly authority: NeededAuthority | null;
}

/** One opening of a gate. Open ones are the inbox; `closed` ones lost their run before anyone decided: their `decided_by`, time and reason say who ended it. */
export interface GateRow extends TenantKey {
  readonly gate_opening_id: string;
  readonly run_id: string;
  readonly automation_id: string;
  readonly node_id: string;
  readonly status: 'open' | 'decided' | 'closed';
  /** What the inbox finds it by; null at an opening that was never seen. */
  readonly keys: GateKeys | null;
  readonly gate: PendingGate | null;
  readonly requested_by: GovernanceActor | null;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly decision: string | null;
  readonly decided_by: GovernanceActor | null;
  readonly decided_at_ms: number | null;
  readonly reason: string | null;
  readonly position: number;
}

export interface AutomationRow extends TenantKey {
  readonly automation_id: string;
  readonly name: string;
  readonly status: string;
  readonly definition_version: string;
  readonly definition_hash: string;
  readonly tenant_context: TenantContext;
  /** Keys of those who see it. */
  readonly viewers: readonly string[];
  /** Null: nobody owns it. */
  readonly owner: PrincipalRef | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly position: number;
}

export interface DefinitionRow extends WorkspaceKey {
  readonly definition_hash: string;
  readonly definition: AutomationDefinition;
  readonly position: number;
}

/** What the commits of a batch say about a delivery; `null` leaves what is known. */
export interface DeliveryRow extends TenantKey {
  readonly delivery_id: string;
  readonly channel: string | null;
  readonly installation: string | null;
  readonly recipient: string | null;
  readonly notice: string | null;
  readonly run_id: string | null;
  readonly gate_opening_id: string | null;
  /** `null` leaves what is known: a list got longer, or a duplicate was found. */
  readonly status: 'pending' | 'sending' | 'retrying' | 'sent' | 'abandoned' | null;
  readonly attempts: number | null;
  readonly last_error: string | null;
  readonly message_id: string | null;
  readonly message: PostedMessage | null;
  readonly requested_at_ms: number | null;
  readonly updated_at_ms: number;
  readonly position: number;
}

export interface DeadLetterRow extends TenantKey {
  readonly dead_letter_id: string;
  /** What was given up: a message that no consumer could handle, a node whose attempts are used up, a wait that nobody ended. */
  readonly source_type: DeadLetterSource;
  /** The position in the stream, the node, or the wait. */
  readonly source_id: string;
  readonly consumer: string;
  readonly subject: string;
  readonly stream_sequence: number;
  readonly deliveries: number;
  readonly reason: string;
  /** `cleared`: a later success made it moot before anybody touched it; it is not listed. */
  readonly status: DeadLetterStatus | 'cleared';
  readonly opened_at_ms: number;
  readonly position: number;
  readonly run_id: string | null;
  readonly node_id: string | null;
  readonly recovery_options: readonly RecoveryOption[];
  readonly compensation_id: string | null;
  readonly attempts: number;
  readonly disposition: LetterDisposition | null;
  readonly updated_at_ms: number;
  /** When its retry may be dispatched; `null`: nobody asked for one. */
  readonly due_at_ms: number | null;
  readonly superseded_at_ms: number | null;
  readonly metadata: JsonObject | null;
}

/** The schedule of an automation; `null` in `last_fired_at_ms` leaves what is known. */
export interface ScheduleRow extends TenantKey {
  readonly automation_id: string;
  readonly status: 'armed' | 'disarmed';
  /** `null`: it does not fire. */
  readonly next_fire_at_ms: number | null;
  readonly last_fired_at_ms: number | null;
  readonly position: number;
}

/** What the commits of a batch say about a handoff; `null` leaves what is known. */
export interface HandoffRow extends TenantKey {
  readonly handoff_id: string;
  readonly target_automation_id: string;
  readonly status: HandoffStatus;
  readonly source_automation_id: string | null;
  readonly artifact_type: string | null;
  readonly created_at_ms: number | null;
  readonly artifact: HandoffArtifact | null;
  readonly consumed_by_run_id: string | null;
  readonly consumed_by_automation_id: string | null;
  readonly consumed_at_ms: number | null;
  readonly position: number;
}

/** From the commit at `position` on, this key signs the audit. */
export interface AuditKeyRow {
  readonly position: number;
  readonly key_id: string;
  readonly key_check: string;
  readonly activated_at_ms: number;
}

/** Everything one batch of commits changes, each row at most once. `position` is the last commit's. */
export interface RowChanges {
  readonly position: number;
  readonly archive: readonly ArchiveRow[];
  readonly runs: readonly RunRow[];
  readonly run_parts: readonly RunPartRow[];
  readonly run_events: readonly RunEventRow[];
  readonly imported_runs: readonly ImportedRunRow[];
  readonly imported_run_events: readonly RunEventRow[];
  readonly waits: readonly WaitRow[];
  readonly gates: readonly GateRow[];
  readonly human_requests: readonly HumanRequestRow[];
  readonly automations: readonly AutomationRow[];
  readonly definitions: readonly DefinitionRow[];
  readonly channels: readonly ChannelRow[];
  readonly channel_users: readonly ChannelUserRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly delegations: readonly DelegationRow[];
  readonly dead_letters: readonly DeadLetterRow[];
  readonly outbox: readonly OutboxRow[];
  readonly tool_effects: readonly ToolEffectRow[];
  readonly compensations: readonly CompensationRow[];
  readonly schedules: readonly ScheduleRow[];
  readonly handoffs: readonly HandoffRow[];
  readonly webhook_triggers: readonly WebhookTriggerRow[];
  readonly webhook_deliveries: readonly WebhookDeliveryRow[];
  readonly policy_decisions: readonly PolicyDecisionRow[];
  readonly effect_policies: readonly EffectPolicyRow[];
  readonly governance_approvals: readonly GovernanceApprovalRow[];
  readonly governed_agents: readonly GovernedAgentRow[];
  readonly governance_reviews: readonly GovernanceReviewRow[];
  readonly governed_automations: readonly GovernedAutomationRow[];
  readonly audit_records: readonly AuditRecord[];
  readonly audit_heads: readonly AuditHead[];
  readonly audit_keys: readonly AuditKeyRow[];
}
