import type { EscalationRequest, QuestionRequest, Run } from '@cs/contracts';
import type { Refusal } from '@cs/kernel';
import { isApprover, missingAuthority, type Decider } from './gate-authority.js';
import { isChannelVerified, isSameIdentity } from './identity.js';
import { isConsequential, requiresAuthority, reviewerPolicy, type ReviewerPolicy } from './reviewer-policy.js';

export type AnswerAuthorityRefusal = Refusal<
  | 'AUTOMATION_V2_HUMAN_REQUEST_IDENTITY_REQUIRED' | 'AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED' | 'AUTOMATION_V2_HUMAN_REQUEST_SELF_ANSWER_FORBIDDEN'
  | 'AUTOMATION_V2_HUMAN_REQUEST_AUTHORITY_REQUIRED' | 'AUTOMATION_V2_HUMAN_REQUEST_AUTHORITY_DENIED'
>;

/** What is responded to, and where it stands. */
interface Asked<Request> {
  readonly request: Request;
  readonly request_id: string;
  readonly node_id: string;
  readonly run: Run;
  readonly at_ms: number;
}

type Refuse = (code: AnswerAuthorityRefusal['code'], message: string, reason_code?: string) => AnswerAuthorityRefusal;

const refuserOf = ({ actor }: Decider, { run, request_id, node_id }: Asked<unknown>): Refuse => (code, message, reason_code) => ({
  code, message,
  details: { runID: run.run_id, automationID: run.automation_id, nodeID: node_id, requestID: request_id, respondedBy: { ...actor }, ...(reason_code === undefined ? {} : { reason_code }) },
});

const isNamed = ({ actor }: Decider): boolean => actor.actor_id !== undefined && actor.actor_id.trim() !== '';

const notKnown = (refuse: Refuse): AnswerAuthorityRefusal => refuse('AUTOMATION_V2_HUMAN_REQUEST_IDENTITY_REQUIRED', 'this request has to know who responds, and the call names nobody');

/** Whoever the step asks, whether or not they see the rest of the automation. */
export const isAsked = (decider: Decider, { ask }: Pick<QuestionRequest, 'ask'>): boolean => ask?.some((approver) => isApprover(approver, decider)) === true;

const checkAsked = (decider: Decider, { ask }: QuestionRequest, refuse: Refuse): AnswerAuthorityRefusal | undefined => {
  if (ask === undefined) return undefined;
  if (!isNamed(decider)) return notKnown(refuse);
  return ask.some((approver) => isApprover(approver, decider)) ? undefined : refuse('AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED', 'you are not among those who are asked');
};

/** As at a gate (domain 5.4): granted authority where the node demands it. */
const checkAuthority = ({ actor, verified }: Decider, policy: ReviewerPolicy, { run, at_ms, refuse }: { readonly run: Run; readonly at_ms: number; readonly refuse: Refuse }): AnswerAuthorityRefusal | undefined => {
  if (!requiresAuthority(policy) || isChannelVerified(actor)) return undefined;
  if (run.tenant_context.source === 'local_implicit' && verified === undefined) return undefined;
  const strict = verified?.strict_projection;
  if (strict === undefined) return refuse('AUTOMATION_V2_HUMAN_REQUEST_AUTHORITY_REQUIRED', 'this question takes answers of people with granted authority only, and the call carries none');
  const reason = missingAuthority(strict, policy, at_ms);
  return reason === undefined ? undefined : refuse('AUTOMATION_V2_HUMAN_REQUEST_AUTHORITY_DENIED', `your authority does not cover this question (${reason})`, reason);
};

/** Why somebody may not answer a question; `undefined` when they may. In the order of gates (domain 5.4). */
export const answerRefusal = (decider: Decider, asked: Asked<QuestionRequest>): AnswerAuthorityRefusal | undefined => {
  const { request, run, node_id, at_ms } = asked;
  const refuse = refuserOf(decider, asked);
  const policy = reviewerPolicy({ ...request, node_id }, run);
  if ((isConsequential(policy) || request.requester_may_answer === false) && isSameIdentity(run.requested_by, decider.actor)) {
    return refuse('AUTOMATION_V2_HUMAN_REQUEST_SELF_ANSWER_FORBIDDEN', 'whoever asked for this run may not answer this question');
  }
  return checkAsked(decider, request, refuse) ?? checkAuthority(decider, policy, { run, at_ms, refuse });
};

/** The role by which somebody is asked by an escalation, of those that are asked so far. */
export const askedRole = ({ memberships }: Decider, { roles, asked }: Pick<EscalationRequest, 'roles' | 'asked'>): string | undefined =>
  roles.slice(0, asked).find((role) => memberships?.roles.some((own) => own.trim().toLowerCase() === role.trim().toLowerCase()) === true);

/** Why somebody may not respond to an escalation: nobody knows who it is, or no role that is asked is theirs. */
export const escalationRefusal = (decider: Decider, asked: Asked<EscalationRequest>): AnswerAuthorityRefusal | undefined => {
  const refuse = refuserOf(decider, asked);
  if (!isNamed(decider)) return notKnown(refuse);
  return askedRole(decider, asked.request) === undefined ? refuse('AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED', 'none of the roles that are asked is yours') : undefined;
};
