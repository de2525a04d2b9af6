import type { ApprovalBinding, ApprovalSubject, ApprovalType, GovernanceActor, GovernanceApprovalEvent, TenantContext } from '@cs/contracts';
import { accept, canonicalJson, definedMembers, refuse, type Decision, type Refusal } from '@cs/kernel';

export interface GovernanceApproval {
  readonly approval_id: string;
  readonly tenant_context: TenantContext;
  readonly approval_type: ApprovalType;
  readonly subject: ApprovalSubject;
  readonly binding: ApprovalBinding;
  readonly reason: string;
  readonly requested_by: GovernanceActor;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number;
  readonly status: 'pending' | 'approved' | 'denied' | 'consumed';
  readonly decided_by?: GovernanceActor | undefined;
  readonly decided_at_ms?: number | undefined;
  readonly note?: string | undefined;
  readonly consumed_by?: string | undefined;
}
/** An approval, or `undefined` before it was asked for. Plain JSON: it is stored as it is. */
export type GovernanceApprovalState = GovernanceApproval | undefined;

export type GovernanceApprovalCommand =
  | ({ readonly type: 'request'; readonly ttl_ms: number } & Pick<GovernanceApproval, 'approval_type' | 'subject' | 'binding' | 'reason' | 'requested_by'>)
  /** `decision_id` is this decision's own: two that say the same at once are two, of which one wins. */
  | { readonly type: 'approve' | 'deny'; readonly note: string; readonly decided_by: GovernanceActor; readonly decision_id?: string | undefined }
  /** Uses it up for one thing; the same thing again finds it used up for itself. */
  | { readonly type: 'consume'; readonly consumed_by: string; readonly digest: string };

export type ApprovalCode =
  | 'GOVERNANCE_APPROVAL_NOT_FOUND' | 'GOVERNANCE_APPROVAL_NOT_PENDING' | 'GOVERNANCE_APPROVAL_EXPIRED' | 'GOVERNANCE_REQUIRES_HUMAN' | 'GOVERNANCE_SELF_APPROVAL_FORBIDDEN'
  | 'GOVERNANCE_APPROVAL_NOT_APPROVED' | 'GOVERNANCE_APPROVAL_CONSUMED' | 'GOVERNANCE_APPROVAL_MISMATCH' | 'IDEMPOTENCY_KEY_REUSED';

export interface ApprovalContext {
  readonly approval_id: string;
  readonly tenant_context: TenantContext;
  readonly at_ms: number;
}

type Decided = Decision<GovernanceApprovalEvent, Refusal<ApprovalCode>>;
type Command<Type extends GovernanceApprovalCommand['type']> = Extract<GovernanceApprovalCommand, { type: Type }>;

/** Spelled alike, however it was written: somebody who asks under one spelling does not allow it under another. */
const canonicalId = ({ actor_id }: GovernanceActor): string | undefined => actor_id?.normalize('NFKC').trim().toLowerCase();
const isSamePerson = (a: GovernanceActor, b: GovernanceActor): boolean => canonicalId(a) !== undefined && canonicalId(a) === canonicalId(b);

/** What it is for clients: time alone ends a request that nobody decided or used. */
export const approvalStatus = ({ status, expires_at_ms }: Pick<GovernanceApproval, 'status' | 'expires_at_ms'>, at_ms: number): GovernanceApproval['status'] | 'expired' =>
  (status === 'pending' || status === 'approved') && expires_at_ms <= at_ms ? 'expired' : status;

const no = (code: ApprovalCode, message: string, approval: GovernanceApproval): Decided =>
  refuse({
    code, message,
    details: { approval_id: approval.approval_id, status: approval.status, ...(approval.decided_by === undefined ? {} : { decided_by: { ...approval.decided_by } }) },
  });

const request = ({ type: _type, ttl_ms, ...wanted }: Command<'request'>, state: GovernanceApprovalState, { approval_id, tenant_context, at_ms }: ApprovalContext): Decided => {
  const requested: GovernanceApprovalEvent = { event_type: 'governance_approval_requested', data: { approval_id, tenant_context, ...wanted, expires_at_ms: at_ms + ttl_ms } };
  if (state === undefined) return accept(requested);
  const isSame = canonicalJson([state.approval_type, state.subject, state.binding.digest]) === canonicalJson([wanted.approval_type, wanted.subject, wanted.binding.digest]);
  if (!isSame) return no('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used for another request', state);
  // One that ran out, or was denied, may be asked for again; what was used up stays so.
  const isOver = state.status === 'denied' || approvalStatus(state, at_ms) === 'expired';
  return isOver && wanted.approval_type === 'activation' ? accept(requested) : accept();
};

const decided = ({ type, note, decided_by, decision_id }: Command<'approve' | 'deny'>, state: GovernanceApproval, { approval_id, tenant_context, at_ms }: ApprovalContext): Decided => {
  if (decided_by.kind !== 'human') return no('GOVERNANCE_REQUIRES_HUMAN', 'only a person may decide this', state);
  if (isSamePerson(decided_by, state.requested_by)) return no('GOVERNANCE_SELF_APPROVAL_FORBIDDEN', 'whoever asked for this may not allow it', state);
  if (state.status !== 'pending') return no('GOVERNANCE_APPROVAL_NOT_PENDING', `this was decided already: it is ${state.status}`, state);
  if (state.expires_at_ms <= at_ms) return no('GOVERNANCE_APPROVAL_EXPIRED', 'the time to decide this is over', state);
  return accept({ event_type: type === 'approve' ? 'governance_approval_approved' : 'governance_approval_denied', data: { approval_id, tenant_context, note, decided_by, ...definedMembers({ decision_id }) } });
};

const consume = ({ consumed_by, digest }: Command<'consume'>, state: GovernanceApproval, { approval_id, tenant_context, at_ms }: ApprovalContext): Decided => {
  if (state.binding.digest !== digest) return no('GOVERNANCE_APPROVAL_MISMATCH', 'something else was allowed than this', state);
  if (state.status === 'consumed') return state.consumed_by === consumed_by ? accept() : no('GOVERNANCE_APPROVAL_CONSUMED', 'this approval was used already', state);
  if (state.status !== 'approved') return no('GOVERNANCE_APPROVAL_NOT_APPROVED', `nobody allowed this: the approval is ${state.status}`, state);
  if (state.expires_at_ms <= at_ms) return no('GOVERNANCE_APPROVAL_EXPIRED', 'the time to use this approval is over', state);
  return accept({ event_type: 'governance_approval_consumed', data: { approval_id, tenant_context, consumed_by } });
};

/** An approval is asked for, decided by one person, and used once. */
export const decideGovernanceApproval = (command: GovernanceApprovalCommand, state: GovernanceApprovalState, context: ApprovalContext): Decided => {
  if (command.type === 'request') return request(command, state, context);
  // Another deployment of the workspace does not have it.
  if (state === undefined || state.tenant_context.deployment_id !== context.tenant_context.deployment_id) {
    return refuse({ code: 'GOVERNANCE_APPROVAL_NOT_FOUND', message: `there is no approval "${context.approval_id}"`, details: { approval_id: context.approval_id } });
  }
  return command.type === 'consume' ? consume(command, state, context) : decided(command, state, context);
};

const withoutDecision = ({ approval_id, tenant_context, approval_type, subject, binding, reason, requested_by, expires_at_ms }: Extract<GovernanceApprovalEvent, { event_type: 'governance_approval_requested' }>['data']) =>
  ({ approval_id, tenant_context, approval_type, subject, binding, reason, requested_by, expires_at_ms, status: 'pending' }) as const;

export const evolveGovernanceApproval = (state: GovernanceApprovalState, event: GovernanceApprovalEvent & { readonly recorded_at_ms: number }): GovernanceApprovalState => {
  if (event.event_type === 'governance_approval_requested') return { ...withoutDecision(event.data), requested_at_ms: event.recorded_at_ms };
  if (state === undefined) return undefined;
  switch (event.event_type) {
    case 'governance_approval_approved': return { ...state, status: 'approved', decided_by: event.data.decided_by, decided_at_ms: event.recorded_at_ms, note: event.data.note };
    case 'governance_approval_denied': return { ...state, status: 'denied', decided_by: event.data.decided_by, decided_at_ms: event.recorded_at_ms, note: event.data.note };
    case 'governance_approval_consumed': return { ...state, status: 'consumed', consumed_by: event.data.consumed_by };
  }
};
