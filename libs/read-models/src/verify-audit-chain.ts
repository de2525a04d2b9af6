import type { StoredCommit } from '@cs/eventing';
import { canonicalJson } from '@cs/kernel';
import type { AuditKeyActivation } from './activate-audit-key.js';
import { coveredText, type AuditRecord, type AuditSegment, type ChainCrypto } from './audit-chain.js';
import { auditFactsOf, type AuditFacts } from './audit-record.js';
import { violation, type AuditViolation } from './audit-violation.js';

/** The record up to which a chain was looked at; the next one has to continue it. */
export interface ChainLink extends AuditSegment {
  readonly seq: number;
  readonly record_hash: string | null;
  readonly position: number;
  readonly event_index: number;
}

export const chainStart: ChainLink = { seq: 0, record_hash: null, key_id: null, segment_start: null, position: 0, event_index: -1 };

export const linkOf = ({ seq, record_hash, key_id, segment_start, position, event_index }: AuditRecord): ChainLink => ({ seq, record_hash, key_id, segment_start, position, event_index });

export interface VerifyOptions extends ChainCrypto {
  /** Which key signs since when, as the log has it; oldest first. */
  readonly activations: readonly AuditKeyActivation[];
}

type Check = (record: AuditRecord, before: ChainLink, options: VerifyOptions) => AuditViolation | undefined;

const isSequence = (seq: unknown): boolean => Number.isSafeInteger(seq) && Number(seq) > 0;

const checkSequence: Check = (record, before) => {
  const { seq } = record;
  if (!isSequence(seq)) return violation('unsequenced_record_after_sequenced_ledger', { seq: before.seq }, `a record without a place in the sequence follows ${before.seq}`);
  if (seq <= before.seq) return violation('seq_replay', record, `seq ${seq} follows ${before.seq}`);
  return seq > before.seq + 1 ? violation('seq_gap', record, `seq ${seq} follows ${before.seq}: ${seq - before.seq - 1} missing`) : undefined;
};

/** Records stand in the order of the log, and an event yields one. */
const checkPlace: Check = (record, before) =>
  record.position > before.position || (record.position === before.position && record.event_index > before.event_index)
    ? undefined : violation('seq_replay', record, `its event (position ${record.position}, ${record.event_index}) does not come after that of the record before it`);

/** The key that signs at a position of the log; `null` before the first one. */
export const keyAt = (activations: readonly AuditKeyActivation[], position: number): string | null => activations.findLast((activation) => activation.position <= position)?.key_id ?? null;

const named = (key_id: string | null): string => (key_id === null ? 'no key' : `the key "${key_id}"`);

const checkKey: Check = ({ key_id, seq, position }, before, { activations }) => {
  if (key_id === null && before.key_id !== null) return violation('legacy_record_after_keyed_segment', { seq }, `the record is signed with no key, the one before it with ${named(before.key_id)}`);
  const expected = keyAt(activations, position);
  return key_id === expected ? undefined : violation('integrity_segment_boundary', { seq }, `the record is signed with ${named(key_id)}; at position ${position} of the log ${named(expected)} signs`);
};

const startOf = ({ key_id, seq }: AuditRecord, before: ChainLink): number | null => (key_id === before.key_id ? before.segment_start : seq);

const checkSegment: Check = (record, before) => {
  const start = record.key_id === null ? null : startOf(record, before);
  return record.segment_start === start ? undefined : violation('integrity_segment_boundary', record, `the record says that its segment starts at ${record.segment_start ?? 'none'}; it starts at ${start ?? 'none'}`);
};

const checkLink: Check = (record, before) => (record.prev_hash === before.record_hash ? undefined : violation('chain_break', record, 'the record does not continue the one before it'));

/** Why a key cannot verify what it is said to have signed; `undefined` when it can. */
export const keyProblem = (key_id: string, { activations, auditKeys }: VerifyOptions): string | undefined => {
  const check = auditKeys?.check(key_id);
  if (check === undefined) return `the key "${key_id}" is not there: what it signed cannot be verified`;
  const activated = activations.findLast((activation) => activation.key_id === key_id);
  return activated === undefined || activated.key_check === check ? undefined : `the key "${key_id}" is another one than the key of that name in the log`;
};

const checkHash: Check = (record, _before, { digest, auditKeys }) => {
  const { key_id, record_hash } = record;
  if (key_id === null) return record_hash === digest(coveredText(record, record)) ? undefined : violation('record_hash_mismatch', record, 'the record is not what was recorded');
  const signed = auditKeys?.sign(key_id, coveredText(record, record));
  return signed === record_hash ? undefined : violation('record_integrity_failure', record, `the record is not what was signed with the key "${key_id}"`);
};

const checks: readonly Check[] = [checkSequence, checkKey, checkSegment, checkLink, checkPlace];

const firstOf = (all: readonly Check[], [record, before, options]: Parameters<Check>): AuditViolation | undefined => {
  for (const check of all) {
    const found = check(record, before, options);
    if (found) return found;
  }
  return undefined;
};

/** Whether a record is what was signed, and continues the one before it: the first thing that is wrong with it. */
export const verifyRecord = (record: AuditRecord, before: ChainLink, options: VerifyOptions): AuditViolation | undefined => {
  const canSign = record.key_id === null || keyProblem(record.key_id, options) === undefined;
  return firstOf(canSign ? [...checks, checkHash] : checks, [record, before, options]);
};

/** The content of a record on its own, for one that verification starts from. */
export const verifyContent = (record: AuditRecord, options: VerifyOptions): AuditViolation | undefined =>
  record.key_id !== null && keyProblem(record.key_id, options) !== undefined ? undefined : checkHash(record, chainStart, options);

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
