import type { LedgerCollection } from '@cs/contracts';

interface Listed {
  readonly id: string;
  readonly columns: string;
  readonly created: string;
  readonly sourceType: string;
  /** What a reader is not shown of what is settled by a later success. */
  readonly listed: string;
  /** What recovery still has to do with. */
  readonly active: string;
}

/** How each collection is listed. */
export const listedCollections: Readonly<Record<LedgerCollection, Listed>> = {
  outbox: {
    id: 'outbox_id', created: 'created_at_ms', sourceType: 'source_kind', listed: 'true', active: 'true',
    columns: `outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, node_id, operation, tool, target, payload_digest, policy_decision_id, receipt_id, compensation_id, dead_letter_id,
      coalesce(attempts, 0) as attempts, claimed_by, claimed_at_ms, claim_expires_at_ms, created_at_ms, updated_at_ms`,
  },
  tool_effects: {
    id: 'effect_id', created: 'created_at_ms', sourceType: 'source_kind', listed: 'true', active: 'true',
    columns: `effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, node_id, operation, tool, target, policy_decision_id, input_digest, output_digest, receipt_payload_digest, receipt_payload_redacted,
      receipt_pointer, audit_hash, error, compensation_id, created_at_ms, updated_at_ms`,
  },
  dead_letters: {
    id: 'dead_letter_id', created: 'opened_at_ms', sourceType: 'source_type', listed: `status <> 'cleared'`, active: 'superseded_at_ms is null',
    columns: 'dead_letter_id, run_id, source_type, source_id, node_id, reason, status, recovery_options, compensation_id, attempts, disposition, subject, metadata, opened_at_ms as created_at_ms, updated_at_ms',
  },
  compensations: {
    id: 'compensation_id', created: 'created_at_ms', sourceType: 'compensation_type', listed: `status <> 'cleared'`, active: `superseded_at_ms is null and status not in ('completed', 'cancelled')`,
    columns: `compensation_id, run_id, node_id, status, compensation_type, target_effect_id, outbox_id, approval_required, rollback_instruction, forward_fix_instruction, action, receipt_effect_id, attempts, metadata,
      created_at_ms, updated_at_ms`,
  },
};

/** Whose run the reader sees; what belongs to no run is for those who see everything. */
const isSeen = (table: string, parameter: number): string => `($${parameter}::text[] is null or exists (
    select from countersign.runs r join countersign.automations a using (org_id, workspace_id, automation_id)
    where r.org_id = ${table}.org_id and r.workspace_id = ${table}.workspace_id and r.run_id = ${table}.run_id and a.viewer_keys && $${parameter}::text[]))`;

/**
 * A page of a collection. Parameters: tenant (3), run, status, type of source, active only, created before, keys of the reader,
 * key of the row before (2), limit.
 */
export const listText = (collection: LedgerCollection, ofRun: boolean): string => {
  const { id, columns, created, sourceType, listed, active } = listedCollections[collection];
  return `select ${columns} from countersign.${collection} where org_id = $1 and workspace_id = $2 and deployment_id = $3
    and ${ofRun ? 'run_id = $4' : '$4::text is null'} and ($5::text is null or status = $5) and ($6::text is null or ${sourceType} = $6) and (not $7::boolean or (${active})) and ($8::bigint is null or ${created} < $8)
    and ${listed} and ${isSeen(collection, 9)} and (updated_at_ms, ${id}) < ($10, $11) order by updated_at_ms desc, ${id} desc limit $12`;
};

/** Where a record stands in its list, as far as the reader sees it. */
export const placeText = (collection: LedgerCollection): string => {
  const { id, listed } = listedCollections[collection];
  return `select updated_at_ms from countersign.${collection} where org_id = $1 and workspace_id = $2 and deployment_id = $3 and ${id} = $4 and ($5::text is null or run_id = $5) and ${listed} and ${isSeen(collection, 6)}`;
};

/** One dead letter, as far as the reader sees it. */
export const letterText = `select dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, run_id, recovery_options from countersign.dead_letters
  where org_id = $1 and workspace_id = $2 and deployment_id = $3 and dead_letter_id = $4 and status <> 'cleared' and ${isSeen('dead_letters', 5)}`;
