import { parseLogSubject, type AuditVerification } from '@cs/contracts';
import { decodeCommit, UnreadableCommitError, type Digest, type StoredCommit } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import { chainStart, verifyAgainstSource, verifyAuditChain, type AuditedCommit, type AuditHead, type AuditQueries, type AuditViolation, type TenantKey, type VerifiedUpTo } from '@cs/read-models';

const recordsAtATime = 200;

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

const verifyPage = (page: readonly AuditedCommit[], digest: Digest, from: VerifiedUpTo): { readonly violation?: AuditViolation; readonly verified: VerifiedUpTo } => {
  let verified = from;
  for (const audited of page) {
    const link = verifyAuditChain([audited.record], digest, verified);
    const violation = link.violation ?? verifyAgainstSource(audited.record, decodeSource(audited));
    if (violation) return { violation, verified };
    verified = link.verified;
  }
  return { verified };
};

/** The head that the projector wrote says where the chain ends: records missing at its end show here. */
const verifyEnd = (head: AuditHead | undefined, { seq, record_hash }: VerifiedUpTo): AuditViolation | undefined => {
  const expected = head?.seq ?? 0;
  if (seq < expected) return { kind: 'seq_gap', seq: seq + 1, detail: `the chain ends at ${seq}, its head is ${expected}` };
  if (seq === expected && head !== undefined && head.record_hash !== record_hash) return { kind: 'chain_break', seq, detail: 'the head of the chain is not its last record' };
  return undefined;
};

const answer = (head: AuditHead | undefined, verified: VerifiedUpTo, violation: AuditViolation | undefined): AuditVerification => ({
  verified: violation === undefined, records: verified.seq, head_seq: head?.seq ?? 0, head_hash: head?.record_hash ?? null, ...(violation === undefined ? {} : { violation }),
});

/**
 * Verifies a tenant's whole chain, page by page: every hash, every link, and every record against the
 * archived commit that it came from. The head is read first, so that records added meanwhile do not
 * look like too many.
 */
export const verifyAuditOf = async (tenant: TenantKey, queries: AuditQueries, digest: Digest): Promise<AuditVerification> => {
  const head = await queries.auditHead(tenant);
  let verified = chainStart;
  for (;;) {
    const page = await queries.auditRecords(tenant, { after_seq: verified.seq, limit: recordsAtATime });
    const checked = verifyPage(page, digest, verified);
    verified = checked.verified;
    if (checked.violation) return answer(head, verified, checked.violation);
    if (page.length < recordsAtATime) return answer(head, verified, verifyEnd(head, verified));
  }
};
