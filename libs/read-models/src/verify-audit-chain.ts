import type { Digest, StoredCommit } from '@cs/eventing';
import { canonicalJson } from '@cs/kernel';
import { auditFactsOf, auditHash, type AuditFacts, type AuditRecord } from './audit-record.js';

export interface AuditViolation {
  readonly kind: 'record_hash_mismatch' | 'chain_break' | 'seq_gap' | 'seq_replay';
  readonly seq: number;
  readonly detail: string;
}

/** How far a chain has been verified; verification goes on from it page by page. */
export interface VerifiedUpTo {
  readonly seq: number;
  readonly record_hash: string | null;
}

export const chainStart: VerifiedUpTo = { seq: 0, record_hash: null };

const violation = (kind: AuditViolation['kind'], { seq }: AuditRecord, detail: string): AuditViolation => ({ kind, seq, detail });

const checkLink = (record: AuditRecord, before: VerifiedUpTo, digest: Digest): AuditViolation | undefined => {
  if (record.seq <= before.seq) return violation('seq_replay', record, `seq ${record.seq} follows ${before.seq}`);
  if (record.seq > before.seq + 1) return violation('seq_gap', record, `seq ${record.seq} follows ${before.seq}: ${record.seq - before.seq - 1} missing`);
  if (record.prev_hash !== before.record_hash) return violation('chain_break', record, 'the record does not continue the one before it');
  if (record.record_hash !== auditHash(record, record, digest)) return violation('record_hash_mismatch', record, 'the record is not what was recorded');
  return undefined;
};

/**
 * Checks the next records of a tenant's chain against their hashes and their order. Answers the first
 * violation, or how far the chain is verified now.
 */
export const verifyAuditChain = (
  records: readonly AuditRecord[],
  digest: Digest,
  from: VerifiedUpTo = chainStart,
): { readonly violation?: AuditViolation; readonly verified: VerifiedUpTo } => {
  let verified = from;
  for (const record of records) {
    const found = checkLink(record, verified, digest);
    if (found) return { violation: found, verified };
    verified = { seq: record.seq, record_hash: record.record_hash };
  }
  return { verified };
};

const said = ({ org_id, workspace_id, deployment_id, event_id, durability, event_type, tenant_source, actor, payload, created_at_ms }: AuditFacts): string =>
  canonicalJson({ org_id, workspace_id, deployment_id, event_id, durability, event_type, tenant_source, actor, payload, created_at_ms });

/**
 * Compares a record with the commit it came from, so that a chain rewritten as a whole is found too.
 * `source` is undefined when the archive has no readable commit at the record's position.
 */
export const verifyAgainstSource = (record: AuditRecord, source: StoredCommit | undefined): AuditViolation | undefined => {
  if (source === undefined) return violation('record_hash_mismatch', record, `the archive has no readable commit at position ${record.position}`);
  const facts = auditFactsOf(source, record).find(({ event_index }) => event_index === record.event_index);
  if (facts && said(facts) === said(record)) return undefined;
  return violation('record_hash_mismatch', record, `the record differs from the commit at position ${record.position}`);
};
