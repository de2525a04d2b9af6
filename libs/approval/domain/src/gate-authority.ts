import type { AccessPermission, Approver, CallContext, DataClass, GateDecision, GovernanceActor, OnBehalfOf, PendingGate, Run, VerifiedTenantContext } from '@cs/contracts';
import type { Refusal } from '@cs/kernel';
import { evaluateAccess, type AccessReason } from './access-evaluation.js';
import type { NotInForce } from './delegation-force.js';
import { canonicalIdentity, identitiesOf, isChannelVerified, isSameIdentity } from './identity.js';
import { isConsequential, requiresAuthority, reviewerPolicy, type ReviewerPolicy } from './reviewer-policy.js';

export type AuthorityRefusal = Refusal<
  | 'AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED' | 'AUTOMATION_V2_GATE_NOT_AN_APPROVER'
  | 'AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE' | 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN' | 'AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_REQUIRED' | 'AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_DENIED'
>;

/** Who decides, as the gateway verified it. */
export interface Decider {
  readonly actor: GovernanceActor;
  readonly verified: VerifiedTenantContext | undefined;
  /** Roles and groups, as verified. */
  readonly memberships?: CallContext['memberships'];
  /** Whose seat they take as a stand-in. */
  readonly on_behalf_of?: OnBehalfOf | undefined;
  /** Why nothing lets them take the seat that they ask for. */
  readonly not_in_force?: NotInForce | 'not_entitled' | undefined;
}

interface Question {
  readonly decision: GateDecision;
  readonly gate: PendingGate;
  readonly run: Pick<Run, 'run_id' | 'automation_id' | 'requested_by' | 'tenant_context'>;
  readonly at_ms: number;
  /** Who asked for the run; absent: whom the run names. */
  readonly requester?: GovernanceActor | undefined;
}

const refuse = (code: AuthorityRefusal['code'], message: string, { run, gate, actor, reason }: Pick<Question, 'run' | 'gate'> & { readonly actor: GovernanceActor; readonly reason?: string }): AuthorityRefusal => ({
  code, message,
  details: { runID: run.run_id, automationID: run.automation_id, nodeID: gate.node_id, decidedBy: { ...actor }, ...(reason === undefined ? {} : { reason_code: reason }) },
});

const elevatedPermissions: readonly AccessPermission[] = ['admin', 'delegate'];
const ordinaryPermissions: readonly AccessPermission[] = ['view', 'read'];

/** Authority holds when any of the permissions is granted for any of the classes; else the first reason why not. */
export const missingAuthority = (strict: NonNullable<VerifiedTenantContext['strict_projection']>, { eligibility, data_classes, resource }: Pick<ReviewerPolicy, 'eligibility' | 'data_classes' | 'resource'>, at_ms: number): AccessReason | undefined => {
  const permissions = eligibility === 'elevated_reviewer' ? elevatedPermissions : ordinaryPermissions;
  const classes: readonly DataClass[] = data_classes.length > 0 ? data_classes : ['internal'];
  const decisions = permissions.flatMap((permission) => classes.map((data_class) => evaluateAccess(strict, { resource, permission, data_class, at_ms })));
  return decisions.some(({ decision }) => decision === 'allow') ? undefined : decisions[0]?.reason;
};

const checkAuthority = ({ actor, verified }: Decider, policy: ReviewerPolicy, { gate, run, at_ms }: Question): AuthorityRefusal | undefined => {
  if (!requiresAuthority(policy) || isChannelVerified(actor)) return undefined;
  if (run.tenant_context.source === 'local_implicit' && verified === undefined) return undefined;
  const strict = verified?.strict_projection;
  if (strict === undefined) {
    return refuse('AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_REQUIRED', 'this gate takes decisions of reviewers with granted authority only, and the request carries none', { run, gate, actor });
  }
  const reason = missingAuthority(strict, policy, at_ms);
  if (reason === undefined) return undefined;
  return refuse('AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_DENIED', `your authority does not cover this gate (${reason})`, { run, gate, actor, reason });
};

const lower = (text: string): string => text.trim().toLowerCase();
const includes = (names: readonly string[] | undefined, id: string): boolean => names?.some((name) => lower(name) === lower(id)) === true;

/** Every name of the person whose seat is taken: the one who decides, or whom they stand in for. */
const seatNames = ({ actor, on_behalf_of }: Decider): readonly string[] => (on_behalf_of === undefined ? identitiesOf(actor) : [on_behalf_of.person]);

/** Somebody's roles and groups are theirs alone: a stand-in has only the seats that name the person. */
export const isApprover = ({ kind, id }: Approver, decider: Decider): boolean => {
  const { memberships, on_behalf_of } = decider;
  if (kind === 'person') return seatNames(decider).includes(canonicalIdentity(id));
  if (on_behalf_of !== undefined) return false;
  return includes(kind === 'role' ? memberships?.roles : memberships?.groups, id);
};

/** Whoever wrote the gate let them decide it, whether or not they see the rest of the automation. */
export const isNamedApprover = (decider: Decider, approvers: readonly Approver[] | undefined): boolean => approvers?.some((approver) => isApprover(approver, decider)) === true;

/** The single person of an installation without keys has every role that a policy may ask for. */
const isLocalPerson = ({ verified }: Decider, { gate, run }: Question): boolean =>
  gate.policy !== undefined && run.tenant_context.source === 'local_implicit' && verified === undefined;

const needsSeveral = ({ approvals_required = 1, voting = 'veto' }: PendingGate): boolean => approvals_required > 1 || voting === 'majority';

const takesAnyone = (gate: PendingGate): boolean => (gate.approvers ?? []).length === 0 && !needsSeveral(gate);

/** A gate that names its approvers, or needs several people, takes only people that it can tell apart. */
const checkApprover = (decider: Decider, question: Question): AuthorityRefusal | undefined => {
  const { gate, run } = question;
  const { approvers = [] } = gate;
  const { actor } = decider;
  if (takesAnyone(gate) || isLocalPerson(decider, question)) return undefined;
  if (actor.actor_id === undefined || actor.actor_id.trim() === '') {
    return refuse('AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED', 'this gate has to know who decides, and the request names nobody', { run, gate, actor });
  }
  if (approvers.length === 0 || approvers.some((approver) => isApprover(approver, decider))) return undefined;
  return refuse('AUTOMATION_V2_GATE_NOT_AN_APPROVER', 'you are not among the approvers of this gate', { run, gate, actor });
};

/** Whoever asked for it: never at a consequential gate, and at one that needs several only where it says so. */
export const mayNotBeRequester = (gate: PendingGate, policy: Pick<ReviewerPolicy, 'eligibility' | 'risk_tier' | 'data_classes'>): boolean => isConsequential(policy) || (needsSeveral(gate) && gate.requester_may_approve !== true);

/** Two people are needed: neither who asked for it, nor anybody in their place. */
const isRequester = (requester: GovernanceActor, { actor, on_behalf_of }: Decider): boolean =>
  isSameIdentity(requester, actor) || (on_behalf_of !== undefined && identitiesOf(requester).includes(on_behalf_of.person));

/** Why somebody may not decide a gate so; `undefined` when they may (domain 5.4, in its order). */
export const authorityRefusal = (decider: Decider, question: Question): AuthorityRefusal | undefined => {
  const { decision, gate, run } = question;
  const policy = reviewerPolicy(gate, run);
  if (decision === 'approve' && mayNotBeRequester(gate, policy) && isRequester(question.requester ?? run.requested_by, decider)) {
    return refuse('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN', 'whoever asked for this run may not approve it, nor may a stand-in in their place', { run, gate, actor: decider.actor });
  }
  if (decider.not_in_force !== undefined) {
    return refuse('AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE', 'no delegation lets you decide this gate for that person', { run, gate, actor: decider.actor, reason: decider.not_in_force });
  }
  return checkApprover(decider, question) ?? checkAuthority(decider, policy, question);
};
