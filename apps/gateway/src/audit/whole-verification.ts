import type { AuditVerification, RpcReply } from '@cs/contracts';

/** How long one request goes on; a longer chain is gone on with by its client. */
const budgetMs = 20_000;
const maxShown = 100;

type Step = (checkpoint: string | undefined) => Promise<RpcReply<AuditVerification>>;

const isNew = ({ violations }: AuditVerification) => (found: AuditVerification['violations'][number]): boolean => !violations.some(({ kind, detail }) => kind === found.kind && detail === found.detail);

/** Two parts of one chain, as one. What both say (a key that is not there) is said once. */
export const joinVerifications = (before: AuditVerification, after: AuditVerification): AuditVerification => {
  const fresh = after.violations.filter(isNew(before));
  const violation = before.violation ?? after.violation;
  return {
    ...after, verified: after.complete && violation === undefined, records: before.records + after.records, from_seq: before.from_seq,
    violations: [...before.violations, ...fresh].slice(0, maxShown), violation_count: before.violation_count + after.violation_count - (after.violations.length - fresh.length),
    ...(violation === undefined ? {} : { violation }), missing_keys: [...new Set([...before.missing_keys, ...after.missing_keys])].sort(),
    anchors: { ...after.anchors, checked: before.anchors.checked + after.anchors.checked },
  };
};

/** Asks for one part after the other, until the end of the chain or the end of the time. */
export const verifyWhole = async (step: Step, { checkpoint, clock }: { readonly checkpoint: string | undefined; readonly clock: () => number }): Promise<RpcReply<AuditVerification>> => {
  const until = clock() + budgetMs;
  let answer = await step(checkpoint);
  while (answer.ok && !answer.value.complete && clock() < until) {
    const next = await step(answer.value.checkpoint);
    if (!next.ok) return next;
    answer = { ok: true, value: joinVerifications(answer.value, next.value) };
  }
  return answer;
};
