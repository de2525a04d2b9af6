import type { Json, JsonObject } from '@cs/kernel';
import type { TenantKey } from './tenant-key.js';

/** What the commits of a batch say about something that leaves the system; where a member may be `null`, that leaves what is known, but for a lease. */
export interface OutboxRow extends TenantKey {
  readonly outbox_id: string;
  readonly run_id: string;
  readonly effect_id: string;
  readonly status: 'pending' | 'claimed' | 'sent' | 'failed' | 'cancelled' | 'dead_lettered';
  readonly source_kind: string;
  readonly source_id: string;
  readonly idempotency_key: string;
  readonly node_id: string | null;
  readonly operation: string | null;
  readonly tool: string | null;
  readonly target: string | null;
  readonly payload_digest: string | null;
  readonly policy_decision_id: string | null;
  readonly receipt_id: string | null;
  readonly compensation_id: string | null;
  readonly dead_letter_id: string | null;
  readonly attempts: number | null;
  /** The lease: replaced, not kept. */
  readonly claimed_by: string | null;
  readonly claimed_at_ms: number | null;
  readonly claim_expires_at_ms: number | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

/** What the commits of a batch say about an effect; `null` leaves what is known, but for an error. */
export interface ToolEffectRow extends TenantKey {
  readonly effect_id: string;
  readonly outbox_id: string;
  readonly action_id: string;
  readonly run_id: string;
  readonly status: 'pending' | 'succeeded' | 'failed' | 'unknown';
  readonly source_kind: string;
  readonly source_id: string;
  readonly node_id: string | null;
  readonly operation: string | null;
  readonly tool: string | null;
  readonly target: string | null;
  readonly policy_decision_id: string | null;
  readonly input_digest: string | null;
  readonly output_digest: string | null;
  readonly receipt_payload_digest: string | null;
  readonly receipt_payload_redacted: Json;
  readonly receipt_pointer: string | null;
  readonly audit_hash: string;
  readonly error: string | null;
  readonly compensation_id: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export interface CompensationRow extends TenantKey {
  readonly compensation_id: string;
  readonly run_id: string;
  readonly node_id: string;
  /** `cleared`: a later success made it moot before anybody touched it; it is not listed. */
  readonly status: string;
  readonly compensation_type: string;
  readonly target_effect_id: string;
  readonly outbox_id: string | null;
  readonly approval_required: number;
  readonly rollback_instruction: string | null;
  readonly forward_fix_instruction: string | null;
  readonly action: JsonObject | null;
  readonly receipt_effect_id: string | null;
  readonly attempts: number;
  /** When it may be executed; `null`: not by itself. */
  readonly due_at_ms: number | null;
  readonly superseded_at_ms: number | null;
  readonly metadata: JsonObject | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

const known = <Row extends object>(before: Row, after: Row, replaced: ReadonlySet<string>): Row => {
  const values = before as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, replaced.has(name) ? value : (value ?? values[name] ?? null)])) as Row;
};

const oldest = <Row extends { readonly created_at_ms: number }>(before: Row, after: Row): number => Math.min(before.created_at_ms, after.created_at_ms);

/** Members of a row that are replaced even by nothing. */
export const replacedOfOutbox: ReadonlySet<string> = new Set<keyof OutboxRow>(['claimed_by', 'claimed_at_ms', 'claim_expires_at_ms']);
export const replacedOfEffect: ReadonlySet<string> = new Set<keyof ToolEffectRow>(['error']);

export const mergeOutbox = (before: OutboxRow, after: OutboxRow): OutboxRow => ({ ...known(before, after, replacedOfOutbox), created_at_ms: oldest(before, after) });
export const mergeToolEffects = (before: ToolEffectRow, after: ToolEffectRow): ToolEffectRow => ({ ...known(before, after, replacedOfEffect), created_at_ms: oldest(before, after) });
