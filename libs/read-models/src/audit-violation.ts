/** What verification finds (domain 10.4). */
export const auditViolationKinds = [
  'record_hash_mismatch', 'chain_break', 'seq_gap', 'seq_replay', 'record_integrity_failure', 'legacy_record_after_keyed_segment',
  'unsequenced_record_after_sequenced_ledger', 'integrity_segment_boundary', 'external_anchor_failure',
] as const;
export type AuditViolationKind = (typeof auditViolationKinds)[number];

/** `seq`: the record at which it shows. */
export interface AuditViolation {
  readonly kind: AuditViolationKind;
  readonly seq: number;
  readonly detail: string;
}

export const violation = (kind: AuditViolationKind, { seq }: { readonly seq: number }, detail: string): AuditViolation => ({ kind, seq, detail });
