import { parseLogSubject, type AuditVerification } from '@cs/contracts';
import { decodeCommit, UnreadableCommitError, type AuditKeys, type KeptAnchor, type StoredCommit } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import {
  AnchorComparison, chainStart, keyProblem, linkOf, verifyAgainstSource, verifyContent, verifyRecord, violation,
  type AuditedCommit, type AuditHead, type AuditRecord, type AuditViolation, type ChainLink, type VerifyOptions,
} from '@cs/read-models';

/** Violations in one answer; all are counted. */
const maxShown = 100;

/** Where an earlier verification ended. */
export interface Checkpoint {
  readonly seq: number;
  readonly record_hash: string | null;
  readonly anchor: number;
}

/** Reads `{seq}.{record_hash}[.{anchor}]`. */
export const parseCheckpoint = (text: string): Checkpoint => {
  const [seq, record_hash = '', anchor = '0'] = text.split('.');
  return { seq: Number(seq), record_hash: Number(seq) === 0 ? null : record_hash, anchor: Number(anchor) };
};

const nothing = '0'.repeat(64);
const writeCheckpoint = ({ seq, record_hash }: ChainLink, anchor: number): string => `${seq}.${record_hash ?? nothing}.${anchor}`;

const decodeSource = ({ record, source }: AuditedCommit): StoredCommit | undefined => {
  const parsed = source && parseLogSubject(source.subject);
  if (parsed === undefined) return undefined;
  try {
    return decodeCommit(parsed, { position: toPosition(record.position), body: source?.body ?? '' });
  } catch (error) {
    if (error instanceof UnreadableCommitError) return undefined;
    throw error;
  }
};

const headOf = (head: AuditHead | undefined) => ({ head_seq: head?.seq ?? 0, head_hash: head?.record_hash ?? null });
const newestOf = (kept: KeptAnchor | undefined) => ({ newest_seq: kept?.anchor.seq ?? 0, newest_at_ms: kept?.anchor.anchored_at_ms ?? null });

/** One call's worth of verification: as many records as its time allows, one page in memory. */
export class VerificationStep {
  readonly #options: VerifyOptions;
  readonly #comparison: AnchorComparison;
  readonly #found: AuditViolation[] = [];
  readonly #missing = new Set<string>();
  #count = 0;
  #before: ChainLink;
  records = 0;

  constructor(private readonly from: Checkpoint, options: VerifyOptions & { readonly auditKeys: AuditKeys }) {
    this.#options = options;
    this.#comparison = new AnchorComparison({ keys: options.auditKeys, place: from.anchor });
    this.#before = { ...chainStart, seq: from.seq, record_hash: from.record_hash };
  }

  get before(): ChainLink {
    return this.#before;
  }

  get anchors(): AnchorComparison {
    return this.#comparison;
  }

  report(...found: readonly (AuditViolation | undefined)[]): void {
    for (const one of found) {
      if (one === undefined) continue;
      this.#count += 1;
      if (this.#found.length < maxShown) this.#found.push(one);
    }
  }

  addAnchors(anchors: readonly KeptAnchor[]): void {
    this.report(...this.#comparison.add(anchors, this.from.seq));
  }

  /** The record that an earlier verification ended at. False: it is not there, and there is nothing to go on from. */
  begin(audited: AuditedCommit | undefined): boolean {
    const record = audited?.record;
    if (audited === undefined || record?.seq !== this.from.seq) {
      this.report(violation('external_anchor_failure', this.from, `record ${this.from.seq}, which the checkpoint names, is missing`));
      return false;
    }
    if (record.record_hash !== this.from.record_hash) this.report(violation('external_anchor_failure', record, `record ${record.seq} is another one than the checkpoint names`));
    this.report(verifyContent(record, this.#options) ?? verifyAgainstSource(record, decodeSource(audited)));
    this.#before = linkOf(record);
    return true;
  }

  take(audited: AuditedCommit): void {
    const { record } = audited;
    this.#noteKey(record);
    this.report(verifyRecord(record, this.#before, this.#options) ?? verifyAgainstSource(record, decodeSource(audited)), ...this.#comparison.compare(record));
    this.#before = linkOf(record);
    this.records += 1;
  }

  answer({ head, newest, complete }: { readonly head: AuditHead | undefined; readonly newest: KeptAnchor | undefined; readonly complete: boolean }): AuditVerification {
    const [first] = this.#found;
    return {
      verified: complete && first === undefined, complete, records: this.records, from_seq: this.from.seq, to_seq: this.#before.seq,
      ...headOf(head), checkpoint: writeCheckpoint(this.#before, this.#comparison.place),
      violations: this.#found, violation_count: this.#count, ...(first === undefined ? {} : { violation: first }), missing_keys: [...this.#missing].sort(),
      anchors: { checked: this.#comparison.checked, ...newestOf(newest) },
    };
  }

  /** A key that is not there is named once, not per record. */
  #noteKey(record: AuditRecord): void {
    const { key_id } = record;
    if (key_id === null || this.#missing.has(key_id)) return;
    const problem = keyProblem(key_id, this.#options);
    if (problem === undefined) return;
    this.#missing.add(key_id);
    this.report(violation('record_integrity_failure', record, problem));
  }
}
