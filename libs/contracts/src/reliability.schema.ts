import type { Json, JsonObject } from '@cs/kernel';
import type { DeclaredCompensation, RecoveryOption } from './recovery.schema.js';
import type { DeadLetterSource } from './read-models.schema.js';
import type { GovernanceActor } from './tenant.schema.js';

/** The four collections of the reliability ledger (domain 9). */
export const ledgerCollections = ['outbox', 'tool_effects', 'dead_letters', 'compensations'] as const;
export type LedgerCollection = (typeof ledgerCollections)[number];

/** `sent` and `cancelled` are settled (domain 9.1). */
export const outboxStatuses = ['pending', 'claimed', 'sent', 'failed', 'cancelled', 'dead_lettered'] as const;
/** `succeeded` is settled (domain 9.2). */
export const toolEffectStatuses = ['pending', 'succeeded', 'failed', 'unknown'] as const;
/** What all effects are caused by. */
export const effectSourceKind = 'automation_v2_run';

/** What every record of the ledger says: whose it is, and when. */
interface LedgerRecord {
  readonly scope: { readonly schema_version: 1; readonly tenant_context: { readonly org_id: string; readonly workspace_id: string; readonly deployment_id: string | null } };
  readonly run_id: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly metadata: JsonObject | null;
}

/** Something that is to leave, leaves, or has left the system, once for its idempotency key. */
export interface OutboxRecord extends LedgerRecord {
  readonly outbox_id: string;
  readonly operation: string | null;
  readonly status: (typeof outboxStatuses)[number];
  readonly source_kind: string;
  readonly source_id: string;
  readonly node_id: string | null;
  readonly provider: string | null;
  readonly tool: string | null;
  readonly target: string | null;
  readonly idempotency_key: string;
  readonly payload_digest: string | null;
  readonly policy_decision_id: string | null;
  readonly effect_id: string;
  readonly receipt_id: string | null;
  readonly compensation_id: string | null;
  readonly dead_letter_id: string | null;
  readonly attempts: number;
  readonly claimed_by: string | null;
  readonly claimed_at_ms: number | null;
  readonly claim_expires_at_ms: number | null;
}

/** What is known of an effect. `action_id` is the id that the run calls it by. */
export interface ToolEffectRecord extends LedgerRecord {
  readonly effect_id: string;
  readonly outbox_id: string;
  readonly action_id: string;
  readonly status: (typeof toolEffectStatuses)[number];
  readonly operation: string | null;
  readonly source_kind: string;
  readonly source_id: string;
  readonly node_id: string | null;
  readonly provider: string | null;
  readonly tool: string | null;
  readonly target: string | null;
  readonly policy_decision_id: string | null;
  readonly input_digest: string | null;
  readonly output_digest: string | null;
  readonly receipt_payload_digest: string | null;
  readonly receipt_payload_redacted: Json;
  /** The event of the run that is the receipt. */
  readonly receipt_pointer: string | null;
  readonly redaction_tier: 'safe_ui';
  /** Digest of what the record says of the effect and its receipt. */
  readonly audit_hash: string;
  readonly error: string | null;
  readonly compensation_id: string | null;
}

/** What was given up, and what became of it. */
export interface LedgerDeadLetter extends LedgerRecord {
  readonly dead_letter_id: string;
  readonly source_type: DeadLetterSource;
  readonly source_id: string;
  readonly node_id: string | null;
  readonly reason: string;
  readonly status: string;
  readonly recovery_options: readonly RecoveryOption[];
  readonly payload_pointer: string | null;
  readonly compensation_id: string | null;
  readonly attempts: number;
  readonly operator_disposition: string | null;
  readonly disposition_reason: string | null;
  readonly disposition_actor: GovernanceActor | null;
  readonly disposition_at_ms: number | null;
}

/** What undoes an effect. `target_effect_id` is the ledger's id of that effect. */
export interface CompensationRecord extends LedgerRecord, Omit<DeclaredCompensation, 'action'> {
  readonly compensation_id: string;
  readonly status: string;
  readonly target_effect_id: string;
  readonly outbox_id: string | null;
  readonly node_id: string;
  readonly action: JsonObject | null;
  readonly receipt_effect_id: string | null;
  readonly attempts: number;
}

/** One page of each collection that was asked for. */
export interface LedgerPage {
  readonly outbox: readonly OutboxRecord[];
  readonly tool_effects: readonly ToolEffectRecord[];
  readonly dead_letters: readonly LedgerDeadLetter[];
  readonly compensations: readonly CompensationRecord[];
  /** Where each collection goes on; a member is there when its page is full. */
  readonly next: Partial<Readonly<Record<LedgerCollection, { readonly after_id: string; readonly after_collection: LedgerCollection; readonly before_created_at_ms?: number }>>>;
  readonly limit: number;
}
