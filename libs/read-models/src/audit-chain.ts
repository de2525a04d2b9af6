import { AuditKeyMissingError, noAuditKeys, type AuditKeys, type Digest } from '@cs/eventing';
import { canonicalJson } from '@cs/kernel';
import type { AuditFacts } from './audit-record.js';
import type { TenantKey } from './tenant-key.js';

/** Which key signed a record, and the `seq` of the first record in a row that it signed. Both `null`: no key. */
export interface AuditSegment {
  readonly key_id: string | null;
  readonly segment_start: number | null;
}

/** A protected audit record (domain 10.4): one link of its tenant's chain. */
export interface AuditRecord extends AuditFacts, AuditSegment {
  /** From 1, without gaps, per tenant. */
  readonly seq: number;
  readonly prev_hash: string | null;
  readonly record_hash: string;
}

/** The newest link of a tenant's chain. */
export interface AuditHead extends TenantKey, AuditSegment {
  readonly seq: number;
  readonly record_hash: string;
}

/** What hashes need. Without keys, chains are hashed and not signed. */
export interface ChainCrypto {
  readonly digest: Digest;
  readonly auditKeys?: AuditKeys | undefined;
}

/** What a record's hash covers: `prev_hash ‖ canonical JSON`, so that anyone can write it down from what the record shows. */
export const coveredText = (facts: AuditFacts, { seq, prev_hash }: { readonly seq: number; readonly prev_hash: string | null }): string =>
  `${prev_hash ?? ''}${canonicalJson({
    event_id: facts.event_id, durability: facts.durability, event_type: facts.event_type,
    tenant_org: facts.org_id, tenant_workspace: facts.workspace_id, tenant_deployment: facts.deployment_id === '' ? null : facts.deployment_id,
    tenant_actor: null, tenant_source: facts.tenant_source, actor: facts.actor, payload: facts.payload, created_at_ms: facts.created_at_ms, seq, prev_hash,
  })}`;

/** SHA-256 without a key, HMAC-SHA-256 with one. Throws `AuditKeyMissingError`. */
const hashWith = (key_id: string | null, text: string, { digest, auditKeys = noAuditKeys }: ChainCrypto): string => {
  if (key_id === null) return digest(text);
  const signed = auditKeys.sign(key_id, text);
  if (signed !== undefined) return signed;
  // A log whose key is gone can still be projected; what it signed can no longer be verified.
  if (auditKeys.isLost(key_id)) return digest(text);
  throw new AuditKeyMissingError(key_id);
};

/** Puts facts at the end of their tenant's chain. `key_id`: the key that signs at this place of the log. */
export const foldAudit = (head: AuditHead | undefined, facts: AuditFacts, { key_id, ...crypto }: ChainCrypto & { readonly key_id: string | null }): AuditRecord => {
  const link = { seq: (head?.seq ?? 0) + 1, prev_hash: head?.record_hash ?? null };
  const continued = head?.key_id === key_id ? head.segment_start : link.seq;
  return { ...facts, ...link, key_id, segment_start: key_id === null ? null : continued, record_hash: hashWith(key_id, coveredText(facts, link), crypto) };
};

export const headOf = ({ org_id, workspace_id, deployment_id, seq, record_hash, key_id, segment_start }: AuditRecord): AuditHead => ({
  org_id, workspace_id, deployment_id, seq, record_hash, key_id, segment_start,
});
