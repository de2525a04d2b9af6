import type { AuditVerification } from '@cs/contracts';
import type { AuditAnchors, AuditKeys, Digest, EventStore, KeptAnchor } from '@cs/eventing';
import { auditKeyHistory, violation, type AuditHead, type AuditQueries, type AuditViolation, type ChainLink, type TenantKey } from '@cs/read-models';
import { VerificationStep, type Checkpoint } from './verification-step.js';

const recordsAtATime = 500;
const anchorsAtATime = 500;
/** How long one call looks at records; its caller waits 10 s. */
const stepMs = 3000;

export interface VerificationSources {
  readonly queries: AuditQueries;
  readonly anchors: AuditAnchors;
  readonly log: EventStore;
  readonly digest: Digest;
  readonly auditKeys: AuditKeys;
  /** In ms, from any start. */
  readonly clock: () => number;
}

const start: Checkpoint = { seq: 0, record_hash: null, anchor: 0 };

/** The head that the projector wrote says where the chain ends: records missing at its end show here. */
const verifyEnd = (head: AuditHead | undefined, { seq, record_hash }: ChainLink): AuditViolation | undefined => {
  const expected = head?.seq ?? 0;
  if (seq < expected) return violation('seq_gap', { seq: seq + 1 }, `the chain ends at ${seq}, its head is ${expected}`);
  return head?.seq === seq && head.record_hash !== record_hash ? violation('chain_break', { seq }, 'the head of the chain is not its last record') : undefined;
};

interface Beginning {
  readonly from: Checkpoint;
  /** As they were before any record is read: what is added meanwhile may be behind what is read. */
  readonly newest: KeptAnchor | undefined;
  readonly head: AuditHead | undefined;
}

class TenantVerification {
  readonly #tenant: TenantKey;
  readonly #sources: VerificationSources;
  readonly #step: VerificationStep;
  readonly #beginning: Beginning;
  #read: number;

  constructor(tenant: TenantKey, step: VerificationStep, { sources, beginning }: { readonly sources: VerificationSources; readonly beginning: Beginning }) {
    this.#tenant = tenant;
    this.#sources = sources;
    this.#step = step;
    this.#beginning = beginning;
    this.#read = beginning.from.anchor;
  }

  /** Goes through pages until the time is up. */
  async run(): Promise<AuditVerification> {
    const { head, newest } = this.#beginning;
    const begun = await this.#begin();
    const complete = !begun || (await this.#continue());
    if (begun && complete) await this.#end();
    return this.#step.answer({ head, newest, complete });
  }

  /** Looks at the record that the checkpoint names. False: there is nothing to go on from. */
  async #begin(): Promise<boolean> {
    const { seq } = this.#beginning.from;
    if (seq === 0) return true;
    const [audited] = await this.#sources.queries.auditRecords(this.#tenant, { from_seq: seq, limit: 1 });
    return this.#step.begin(audited);
  }

  /** True: the end was reached. */
  async #continue(): Promise<boolean> {
    const { clock } = this.#sources;
    const until = clock() + stepMs;
    while (clock() <= until) if (!(await this.#page())) return true;
    return false;
  }

  /** False: there is no further record. */
  async #page(): Promise<boolean> {
    const { seq } = this.#step.before;
    const page = await this.#sources.queries.auditRecords(this.#tenant, { from_seq: Math.max(1, seq), limit: recordsAtATime });
    // The page begins with the record that is done with; a second one of that place is looked at.
    const fresh = page[0]?.record.seq === seq ? page.slice(1) : page;
    await this.#anchorsUpTo(fresh.at(-1)?.record.seq ?? Number.MAX_SAFE_INTEGER);
    for (const audited of fresh) this.#step.take(audited);
    return fresh.length > 0;
  }

  async #end(): Promise<void> {
    const { before, anchors } = this.#step;
    this.#step.report(verifyEnd(this.#beginning.head, before), ...anchors.end(before));
    if (before.seq <= (this.#beginning.head?.seq ?? 0)) return;
    const now = (await this.#sources.queries.auditHead(this.#tenant))?.seq ?? 0;
    if (before.seq > now) this.#step.report(violation('chain_break', before, `the chain ends at ${before.seq}, its head is ${now}`));
  }

  /** Reads anchors until they reach a record, or all that there were. */
  async #anchorsUpTo(seq: number): Promise<void> {
    const place = this.#beginning.newest?.place ?? 0;
    while (this.#read < place && this.#step.anchors.reach < seq) {
      const found = await this.#sources.anchors.list(this.#tenant, { after: this.#read, limit: anchorsAtATime });
      this.#step.addAnchors(found.filter((kept) => kept.place <= place));
      this.#read = found.at(-1)?.place ?? place;
    }
  }
}

/**
 * Verifies a tenant's chain from its start or a checkpoint on, page by page, for a few seconds: every hash,
 * every link, every record against the archived commit that it came from, and against what is anchored
 * outside the database.
 */
export const verifyAuditOf = async (tenant: TenantKey, sources: VerificationSources, from: Checkpoint = start): Promise<AuditVerification> => {
  const { anchors, queries, log, digest, auditKeys } = sources;
  const newest = await anchors.last(tenant);
  const [head, activations, unsequenced] = await Promise.all([queries.auditHead(tenant), auditKeyHistory(log), queries.unsequencedAuditRecords(tenant)]);
  const step = new VerificationStep(from, { digest, auditKeys, activations });
  if (unsequenced > 0) step.report(violation('unsequenced_record_after_sequenced_ledger', { seq: head?.seq ?? 0 }, `${unsequenced} records have no place in the sequence`));
  return new TenantVerification(tenant, step, { sources, beginning: { from, newest, head } }).run();
};
