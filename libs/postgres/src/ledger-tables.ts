import { replacedOfEffect, replacedOfOutbox, type CompensationRow, type DeadLetterRow, type OutboxRow, type ToolEffectRow } from '@cs/read-models';
import { bigints, foldedDocument, texts, type BulkTable } from './bulk-table.js';

const tenant = ['org_id', 'workspace_id', 'deployment_id'] as const;

/** What is null leaves what is known, but for members that say so. */
const keepKnown = (columns: readonly string[], replaced: ReadonlySet<string>): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(columns.filter((column) => !replaced.has(column)).map((column) => [column, 'coalesce({new}, {old})'])), created_at_ms: 'least({new}, {old})',
});

const outboxColumns = {
  ...texts(...tenant, 'outbox_id', 'run_id', 'effect_id', 'status', 'source_kind', 'source_id', 'idempotency_key', 'node_id', 'operation', 'tool', 'target', 'payload_digest', 'policy_decision_id', 'receipt_id', 'compensation_id', 'dead_letter_id', 'claimed_by'),
  ...bigints('attempts', 'claimed_at_ms', 'claim_expires_at_ms', 'created_at_ms', 'updated_at_ms'),
};

const outbox: BulkTable<OutboxRow> = { name: 'outbox', conflict: ['org_id', 'workspace_id', 'outbox_id'], merge: keepKnown(Object.keys(outboxColumns), replacedOfOutbox), columns: outboxColumns };

const effectColumns = {
  ...texts(...tenant, 'effect_id', 'outbox_id', 'action_id', 'run_id', 'status', 'source_kind', 'source_id', 'node_id', 'operation', 'tool', 'target', 'policy_decision_id', 'input_digest', 'output_digest', 'receipt_payload_digest', 'receipt_pointer', 'audit_hash', 'error', 'compensation_id'),
  ...bigints('created_at_ms', 'updated_at_ms'),
  receipt_payload_redacted: foldedDocument<ToolEffectRow>(({ receipt_payload_redacted }) => receipt_payload_redacted),
};

const toolEffects: BulkTable<ToolEffectRow> = { name: 'tool_effects', conflict: ['org_id', 'workspace_id', 'effect_id'], merge: keepKnown(Object.keys(effectColumns), replacedOfEffect), columns: effectColumns };

const deadLetters: BulkTable<DeadLetterRow> = {
  name: 'dead_letters',
  conflict: ['org_id', 'workspace_id', 'dead_letter_id'],
  // Where it stands in the log says its first commit.
  merge: { subject: '{old}', stream_sequence: '{old}' },
  columns: {
    ...texts(...tenant, 'dead_letter_id', 'source_type', 'source_id', 'consumer', 'subject', 'reason', 'status', 'run_id', 'node_id', 'compensation_id'),
    ...bigints('stream_sequence', 'deliveries', 'opened_at_ms', 'position', 'attempts', 'updated_at_ms', 'due_at_ms', 'superseded_at_ms'),
    recovery_options: foldedDocument(({ recovery_options }) => recovery_options),
    disposition: foldedDocument(({ disposition }) => disposition),
    metadata: foldedDocument(({ metadata }) => metadata),
  },
};

const compensations: BulkTable<CompensationRow> = {
  name: 'compensations',
  conflict: ['org_id', 'workspace_id', 'compensation_id'],
  columns: {
    ...texts(...tenant, 'compensation_id', 'run_id', 'node_id', 'status', 'compensation_type', 'target_effect_id', 'outbox_id', 'rollback_instruction', 'forward_fix_instruction', 'receipt_effect_id'),
    ...bigints('approval_required', 'attempts', 'due_at_ms', 'superseded_at_ms', 'created_at_ms', 'updated_at_ms'),
    action: foldedDocument(({ action }) => action),
    metadata: foldedDocument(({ metadata }) => metadata),
  },
};

/** The tables of the reliability ledger. */
export const ledgerTables = { outbox, tool_effects: toolEffects, dead_letters: deadLetters, compensations } as const;
