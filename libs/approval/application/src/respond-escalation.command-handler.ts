import { askedRole, escalationRefusal, identityOf } from '@cs/approval-domain';
import { decideRun, openRequest, toRunRecord } from '@cs/automation-domain';
import type { CallContext, PayloadOf, respondEscalation as respondEscalationCall } from '@cs/contracts';
import { accepted, credentialIn, refuse, type Refusal, type Result } from '@cs/kernel';
import type { Decided } from './decide-gate.command-handler.js';
import { commandOf, deciderOf, respond, type HumanRequestOptions, type ResponseDecision } from './human-response.js';

export type EscalationResponse = PayloadOf<typeof respondEscalationCall>;

const secretReason = (reason: string | undefined): Refusal | undefined => {
  if (credentialIn(reason ?? '', 'reason') === undefined) return undefined;
  const problem = { path: 'reason', code: 'credential', message: 'looks like a credential, and reasons are kept for ever' };
  return { code: 'AUTOMATION_V2_ANSWER_SECRET', message: `reason ${problem.message}`, details: { problems: [problem] } };
};

/** Takes an escalation on, or declines it: then it stays open, and the next role is asked too. */
export const respondEscalation = async (options: HumanRequestOptions, context: CallContext, request: EscalationResponse): Promise<Result<Decided>> => {
  const { run_id, request_id, accepted: isAccepted, reason, command_id } = request;
  const decider = deciderOf(context);
  const { actor } = context;
  const by = commandOf(options, { command_id, said: { request_id, accepted: isAccepted, reason } });
  const result = await respond(options, context, {
    run_id, request_id, response: isAccepted ? 'accept' : 'decline',
    isAsked: (run, action) => {
      const roles = action?.kind === 'escalation' ? [action.role, ...(action.chain ?? [])] : [];
      const request = openRequest(run, request_id, 'escalation')?.request ?? { roles, asked: roles.length };
      return askedRole(decider, request) !== undefined;
    },
    judge: (run, { at_ms, definition }): ResponseDecision => {
      const open = openRequest(run, request_id, 'escalation');
      const role = (open && askedRole(decider, open.request)) ?? '';
      const responder = identityOf(actor) ?? '';
      const decision = decideRun({ type: 'respond_escalation', request_id, accepted: isAccepted, role, responder, reason, responded_by: actor, ...by }, run, { at_ms, definition });
      if (open === undefined || decision.kind === 'refused') return decision;
      const refusal = escalationRefusal(decider, { request: open.request, request_id, node_id: open.wait.node_id, run, at_ms }) ?? secretReason(reason);
      return refusal === undefined ? decision : refuse(refusal);
    },
  });
  return result.ok ? accepted({ run: toRunRecord(result.value.run), position: result.value.position }) : result;
};
