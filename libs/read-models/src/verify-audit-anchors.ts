import type { AuditAnchor } from '@cs/contracts';
import type { AuditKeys, KeptAnchor } from '@cs/eventing';
import { canonicalJson } from '@cs/kernel';
import { violation, type AuditViolation } from './audit-violation.js';

/** What the `mac` of an anchor covers. */
export const anchorText = ({ mac: _mac, ...said }: AuditAnchor): string => canonicalJson({ ...said, kind: 'audit_anchor' });

/** Signs an anchor with the key that it names, if it names one that is there. */
export const signAnchor = (anchor: Omit<AuditAnchor, 'mac'>, keys: AuditKeys): AuditAnchor => {
  const unsigned = { ...anchor, mac: null };
  return { ...unsigned, mac: anchor.key_id === null ? null : (keys.sign(anchor.key_id, anchorText(unsigned)) ?? null) };
};

const when = ({ anchored_at_ms }: AuditAnchor): string => new Date(anchored_at_ms).toISOString();

/** An anchor on its own: whether it is the next one of its tenant, and what was signed. */
const checkAnchor = (anchor: AuditAnchor, before: number | undefined, keys: AuditKeys): AuditViolation | undefined => {
  const failure = (detail: string): AuditViolation => violation('external_anchor_failure', anchor, detail);
  if (before !== undefined && anchor.count !== before + 1) return failure(`anchor ${anchor.count} follows anchor ${before}`);
  if (anchor.key_id === null || keys.check(anchor.key_id) === undefined) return undefined;
  return keys.sign(anchor.key_id, anchorText(anchor)) === anchor.mac ? undefined : failure(`anchor ${anchor.count} is not what was signed with the key "${anchor.key_id}"`);
};

interface Hashed {
  readonly seq: number;
  readonly record_hash: string | null;
}

/** Compares the records of a chain, in order, with the anchors that were taken of it. */
export class AnchorComparison {
  readonly #keys: AuditKeys;
  /** Number of the anchor before; unknown when verification begins in the middle. */
  #before: number | undefined;
  #waiting: KeptAnchor[] = [];
  /** Anchors that were compared. */
  checked = 0;
  /** Place of the last anchor that was compared or is behind where verification began. */
  place: number;

  constructor({ keys, place }: { readonly keys: AuditKeys; readonly place: number }) {
    this.#keys = keys;
    this.place = place;
    this.#before = place === 0 ? 0 : undefined;
  }

  /** Greatest `seq` that the anchors given so far speak of; 0 while none waits. */
  get reach(): number {
    return this.#waiting.at(-1)?.anchor.seq ?? 0;
  }

  /** Takes further anchors, in order; answers what is wrong with them as such. Those of records up to `from` are passed over. */
  add(anchors: readonly KeptAnchor[], from: number): readonly AuditViolation[] {
    return anchors.flatMap((kept) => {
      const found = checkAnchor(kept.anchor, this.#before, this.#keys);
      this.#before = kept.anchor.count;
      if (kept.anchor.seq > from) this.#waiting.push(kept);
      else this.place = kept.place;
      return found === undefined ? [] : [found];
    });
  }

  /** Compares a record with the anchors of it, and finds those of records that are not there. */
  compare({ seq, record_hash }: Hashed): readonly AuditViolation[] {
    return this.#takeUpTo(seq).flatMap(({ anchor }) => {
      if (anchor.seq < seq) return [violation('external_anchor_failure', anchor, `record ${anchor.seq} is missing; it was anchored at ${when(anchor)}`)];
      return anchor.record_hash === record_hash ? [] : [violation('external_anchor_failure', anchor, `record ${seq} is another one than was anchored at ${when(anchor)}`)];
    });
  }

  /** The chain ends here: what was anchored behind it is gone. */
  end({ seq }: Pick<Hashed, 'seq'>): readonly AuditViolation[] {
    return this.#takeUpTo(Number.MAX_SAFE_INTEGER).map(({ anchor }) => violation('external_anchor_failure', anchor, `the chain ends at ${seq}; record ${anchor.seq} was anchored at ${when(anchor)}`));
  }

  #takeUpTo(seq: number): readonly KeptAnchor[] {
    const beyond = this.#waiting.findIndex(({ anchor }) => anchor.seq > seq);
    const taken = this.#waiting.splice(0, beyond === -1 ? this.#waiting.length : beyond);
    this.place = taken.at(-1)?.place ?? this.place;
    this.checked += taken.length;
    return taken;
  }
}
