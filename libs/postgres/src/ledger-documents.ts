import type { CompensationRecord, LedgerDeadLetter, LetterDisposition, OutboxRecord, RecoveryOption, ToolEffectRecord } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';
import type { TenantKey } from '@cs/read-models';

const read = <Value>(text: string | null): Value | null => (text === null ? null : (JSON.parse(text) as Value));

const scopeOf = ({ org_id, workspace_id, deployment_id }: TenantKey) => ({ schema_version: 1 as const, tenant_context: { org_id, workspace_id, deployment_id: deployment_id === '' ? null : deployment_id } });

type Stored<Item> = Omit<Item, 'scope' | 'provider' | 'metadata'>;

/** The host that an address names; null where an expression has a part in it: then who answers is known to the run alone. */
export const providerOf = (target: string | null): string | null => /^https?:\/\/([^/]+)\//.exec(target ?? '')?.[1] ?? null;

export const readOutbox = (row: Stored<OutboxRecord>, tenant: TenantKey): OutboxRecord => ({ ...row, scope: scopeOf(tenant), provider: providerOf(row.target), metadata: null });

type EffectDocument = Omit<Stored<ToolEffectRecord>, 'receipt_payload_redacted' | 'redaction_tier'> & { readonly receipt_payload_redacted: string | null };
export const readEffect = ({ receipt_payload_redacted, ...row }: EffectDocument, tenant: TenantKey): ToolEffectRecord => ({
  ...row, scope: scopeOf(tenant), provider: providerOf(row.target), metadata: null, receipt_payload_redacted: read<Json>(receipt_payload_redacted), redaction_tier: 'safe_ui',
});

export interface LetterDocument extends Pick<LedgerDeadLetter, 'dead_letter_id' | 'run_id' | 'source_type' | 'source_id' | 'node_id' | 'reason' | 'status' | 'compensation_id' | 'attempts' | 'created_at_ms' | 'updated_at_ms'> {
  readonly recovery_options: string | null;
  readonly disposition: string | null;
  readonly subject: string;
  readonly metadata: string | null;
}
const dispositionOf = (decided: LetterDisposition | null) =>
  decided === null
    ? { operator_disposition: null, disposition_reason: null, disposition_actor: null, disposition_at_ms: null }
    : { operator_disposition: decided.disposition, disposition_reason: decided.reason, disposition_actor: decided.actor, disposition_at_ms: decided.at_ms };

export const readLetter = ({ recovery_options, disposition, subject, metadata, ...row }: LetterDocument, tenant: TenantKey): LedgerDeadLetter => ({
  ...row, scope: scopeOf(tenant), recovery_options: read<readonly RecoveryOption[]>(recovery_options) ?? [], payload_pointer: subject, metadata: read<JsonObject>(metadata),
  ...dispositionOf(read<LetterDisposition>(disposition)),
});

type CompensationDocument = Omit<CompensationRecord, 'scope' | 'approval_required' | 'action' | 'metadata' | 'rollback_instruction' | 'forward_fix_instruction'> & {
  readonly approval_required: number;
  readonly rollback_instruction: string | null;
  readonly forward_fix_instruction: string | null;
  readonly action: string | null;
  readonly metadata: string | null;
};
export const readCompensation = ({ approval_required, action, metadata, rollback_instruction, forward_fix_instruction, ...row }: CompensationDocument, tenant: TenantKey): CompensationRecord => ({
  ...row, scope: scopeOf(tenant), approval_required: approval_required === 1, action: read<JsonObject>(action), metadata: read<JsonObject>(metadata),
  ...(rollback_instruction === null ? {} : { rollback_instruction }), ...(forward_fix_instruction === null ? {} : { forward_fix_instruction }),
});

export type LedgerDocument = Stored<OutboxRecord> | EffectDocument | LetterDocument | CompensationDocument;
export type { CompensationDocument, EffectDocument };
