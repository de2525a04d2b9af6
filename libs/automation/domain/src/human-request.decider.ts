import { accept, refuse, type Decision } from '@cs/kernel';
import type { EndedHumanRequest, EscalationRequest, HumanRequest, NodeOutput, OpenWait, QuestionRequest, Run, RunEvent } from '@cs/contracts';
import type { AnswerQuestion, AskPerson, HumanRequestRefusal, RespondEscalation } from './human-request.commands.js';
import { requestFacts, saidBy, wokenByPerson } from './human-request-ending.js';
import { ownProgress, waitIdOf } from './node.decider.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';
import { itemOf, workName } from './work-key.js';

type ResponseDecision = Decision<RunEvent, HumanRequestRefusal>;

const opened = (request: AskPerson['request']): HumanRequest => (request.kind === 'question' ? request : { ...request, asked: 1, declined: [] });

/** Opens the request as a wait of the attempt that asks. Its id is new with every asking. */
export const askPerson = (command: AskPerson, run: Run, { at_ms }: RunContext): Decision<RunEvent, ExecutionRefusal> => {
  const { node_id, attempt, expires_after_ms, remind_every_ms } = command;
  if (ownProgress(run, command, attempt) === undefined) return refuse({ code: 'node_not_in_progress', message: `attempt ${attempt} of ${workName(command)} is not in progress` });
  const request = opened(command.request);
  const wait: OpenWait = {
    wait_id: waitIdOf(run, command, `${request.kind}:${attempt}`), node_id, ...itemOf(command), wait_kind: request.kind, created_at_ms: at_ms, request,
    ...(expires_after_ms === undefined ? {} : { wake_at_ms: at_ms + expires_after_ms }),
    ...(remind_every_ms === undefined ? {} : { timeout: { timeout_at_ms: at_ms + remind_every_ms, on_timeout: 'remind', remind_every_ms } }),
  };
  return accept({ event_type: request.kind === 'question' ? 'question_asked' : 'escalation_issued', data: { wait } });
};

const notFound = (run: Run, request_id: string): ResponseDecision =>
  refuse({ code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND', message: `the run asks for nothing under "${request_id}"`, details: { runID: run.run_id, requestID: request_id } });

/** The same answer for "too late" and "lost the race": how it ended, and by whom. */
const notPending = (run: Run, ended: EndedHumanRequest): ResponseDecision => {
  const { request_id, node_id, kind, status, ended_at_ms, ended_by, reason = null } = ended;
  return refuse({
    code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', message: `the ${kind} of node "${node_id}" has ended already: ${status}`,
    details: {
      runID: run.run_id, requestID: request_id, currentStatus: run.status,
      winningResponse: { node_id, status, reason, ended_at_ms, ...(ended_by === undefined ? {} : { ended_by: { ...ended_by } }) },
    },
  });
};

type Response = AnswerQuestion | RespondEscalation;

const isSameCommand = ({ command, responded_by }: Response, ended: EndedHumanRequest): boolean =>
  command !== undefined && ended.command?.command_id === command.command_id && ended.ended_by?.actor_id === responded_by.actor_id;

const afterEnd = (response: Response, run: Run, ended: EndedHumanRequest): ResponseDecision => {
  if (!isSameCommand(response, ended)) return notPending(run, ended);
  if (ended.command?.fingerprint === response.command?.fingerprint) return accept();
  return refuse({ code: 'IDEMPOTENCY_KEY_REUSED', message: 'this Idempotency-Key ended this request with another response', details: { requestID: response.request_id } });
};

/** A question or an escalation that is open, with its wait. */
export interface OpenHumanRequest<Request extends HumanRequest = HumanRequest> {
  readonly wait: OpenWait;
  readonly request: Request;
}

/** The request that is open under this id, of this kind. */
export const openRequest = <Kind extends HumanRequest['kind']>(run: Run, request_id: string, kind: Kind): OpenHumanRequest<Extract<HumanRequest, { kind: Kind }>> | undefined => {
  const wait = run.checkpoint.open_waits.find(({ wait_id }) => wait_id === request_id);
  const request = wait?.request;
  const isKind = (one: HumanRequest): one is Extract<HumanRequest, { kind: Kind }> => one.kind === kind;
  return wait !== undefined && request !== undefined && isKind(request) ? { wait, request } : undefined;
};

/** Finds what is responded to: the first end is the only one, and after its deadline nothing is taken any more. */
const judge = <Kind extends HumanRequest['kind']>(response: Response, kind: Kind, { run, at_ms, then }: {
  readonly run: Run; readonly at_ms: number; readonly then: (open: OpenHumanRequest<Extract<HumanRequest, { kind: Kind }>>) => ResponseDecision;
}): ResponseDecision => {
  const ended = run.checkpoint.ended_requests?.find(({ request_id, kind: other }) => request_id === response.request_id && other === kind);
  if (ended !== undefined) return afterEnd(response, run, ended);
  const open = openRequest(run, response.request_id, kind);
  if (open === undefined) return notFound(run, response.request_id);
  const { wait } = open;
  if (wait.wake_at_ms !== undefined && wait.wake_at_ms <= at_ms && !hasNextRole(open.request)) {
    return refuse({ code: 'AUTOMATION_V2_HUMAN_REQUEST_EXPIRED', message: `the time to respond to the ${kind} of node "${wait.node_id}" is over`, details: { requestID: wait.wait_id, expires_at_ms: wait.wake_at_ms } });
  }
  return then(open);
};

/** With roles left, the deadline only asks the next. */
const hasNextRole = (request: HumanRequest): boolean => request.kind === 'escalation' && request.asked < request.roles.length;

const answerOutput = ({ answer, responded_by, reason }: AnswerQuestion, { wait }: OpenHumanRequest<QuestionRequest>, at_ms: number): NodeOutput => ({
  status: 'completed', contract_kind: 'question', content: answer, created_at_ms: at_ms,
  answer: { request_id: wait.wait_id, source: 'person', answered_by: responded_by, answered_at_ms: at_ms, ...(reason === undefined ? {} : { reason }) },
});

export const answerQuestion = (command: AnswerQuestion, run: Run, { at_ms }: RunContext): ResponseDecision =>
  judge(command, 'question', { run, at_ms, then: (open) => {
    const { answer, conversion, responded_by } = command;
    return accept<RunEvent>(
      { event_type: 'question_answered', data: { ...requestFacts(open.wait), answer, conversion, answered_by: responded_by, answered_at_ms: at_ms, ...saidBy(command) } },
      wokenByPerson(run, open.wait, { how: 'question_answered', output: answerOutput(command, open, at_ms) }),
    );
  } });

const acceptedOutput = ({ responded_by, role }: RespondEscalation, { wait, request }: OpenHumanRequest<EscalationRequest>, at_ms: number): NodeOutput => ({
  status: 'completed', contract_kind: 'escalation', created_at_ms: at_ms,
  content: { request_id: wait.wait_id, role, reason: request.reason, status: 'accepted', reviewer: responded_by.actor_id ?? null, accepted_at_ms: at_ms },
});

/** It stays open for everybody who was asked, and the next role is asked too, with the time that each role has. */
const declined = (command: RespondEscalation, { wait, request }: OpenHumanRequest<EscalationRequest>, at_ms: number): ResponseDecision => {
  const { responder, responded_by, reason } = command;
  if (request.declined.some((earlier) => earlier.responder === responder)) return accept();
  const next_role = request.roles[request.asked];
  const asked = request.asked + (next_role === undefined ? 0 : 1);
  const moved = next_role === undefined ? {} : { next_role, ...(request.expires_after_ms === undefined ? {} : { wake_at_ms: at_ms + request.expires_after_ms }) };
  const decline = { responder, declined_by: responded_by, declined_at_ms: at_ms, ...(reason === undefined ? {} : { reason }) };
  return accept({ event_type: 'escalation_declined', data: { ...requestFacts(wait), decline, asked, ...moved, ...saidBy({ ...command, reason: undefined }) } });
};

export const respondEscalation = (command: RespondEscalation, run: Run, { at_ms }: RunContext): ResponseDecision =>
  judge(command, 'escalation', { run, at_ms, then: (open) => {
    if (!command.accepted) return declined(command, open, at_ms);
    const { role, responded_by } = command;
    return accept<RunEvent>(
      { event_type: 'escalation_accepted', data: { ...requestFacts(open.wait), role, accepted_by: responded_by, accepted_at_ms: at_ms, ...saidBy(command) } },
      wokenByPerson(run, open.wait, { how: 'escalation_accepted', output: acceptedOutput(command, open, at_ms) }),
    );
  } });
