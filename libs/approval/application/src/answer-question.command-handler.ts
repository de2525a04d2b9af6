import { answerRefusal, isAsked, type Decider } from '@cs/approval-domain';
import { answerProblems, OutputBudget } from '@cs/automation-application';
import { coerceAnswer, decideRun, openRequest, toRunRecord, type OpenHumanRequest } from '@cs/automation-domain';
import { maxAnswerBytes, type answerQuestion as answerQuestionCall, type AnsweredQuestion, type CallContext, type PayloadOf, type QuestionRequest, type Run } from '@cs/contracts';
import { accepted, credentialIn, refuse, utf8Bytes, type Json, type Refusal, type Result } from '@cs/kernel';
import { commandOf, deciderOf, respond, type HumanRequestOptions, type ResponseDecision } from './human-response.js';

export type AnswerRequest = PayloadOf<typeof answerQuestionCall>;

export interface Answered extends AnsweredQuestion {
  readonly position: number;
}

const tooLarge = (answer: Json): Refusal | undefined => {
  const bytes = utf8Bytes(JSON.stringify(answer));
  return bytes <= maxAnswerBytes ? undefined : { code: 'AUTOMATION_V2_ANSWER_TOO_LARGE', message: `the answer has ${bytes} bytes; at most ${maxAnswerBytes} are taken`, details: { bytes } };
};

/** What was sent is not repeated: not in the refusal, and so neither in a log nor in the audit. */
const secret = (answer: Json, reason: string | undefined): Refusal | undefined => {
  const path = credentialIn(answer, 'answer') ?? credentialIn(reason ?? '', 'reason');
  if (path === undefined) return undefined;
  const problem = { path, code: 'credential', message: 'looks like a credential, and answers are kept for ever' };
  return { code: 'AUTOMATION_V2_ANSWER_SECRET', message: `${path} ${problem.message}`, details: { problems: [problem] } };
};

const unfit = (request: QuestionRequest, answer: Json): Refusal | undefined => {
  const problems = answerProblems(request, answer);
  const [first] = problems;
  return first && { code: 'AUTOMATION_V2_ANSWER_INVALID', message: `${first.path} ${first.message}`, details: { problems: problems.map((problem) => ({ ...problem })) } };
};

/** The outputs of a run fit together into one message. */
const overBudget = (run: Run, answer: Json): Refusal | undefined => {
  const charged = new OutputBudget().charge(run, { kind: 'succeeded', contract_kind: 'question', content: answer });
  return charged.kind === 'failed' ? { code: 'AUTOMATION_V2_ANSWER_TOO_LARGE', message: charged.failure.message } : undefined;
};

interface Answering {
  readonly decider: Decider;
  readonly open: OpenHumanRequest<QuestionRequest>;
  readonly run: Run;
  readonly request: AnswerRequest;
  readonly at_ms: number;
}

/** Who may answer comes before what they answered. */
const refusalOf = ({ decider, open: { wait, request: question }, run, request: { answer, reason }, at_ms }: Answering): Refusal | undefined =>
  answerRefusal(decider, { request: question, request_id: wait.wait_id, node_id: wait.node_id, run, at_ms }) ??
  tooLarge(answer) ?? secret(answer, reason) ?? unfit(question, answer) ?? overBudget(run, answer);

/**
 * Answers a question, once. With a schema the answer has to fit it; without one it is brought to the
 * type of the default.
 */
export const answerQuestion = async (options: HumanRequestOptions, context: CallContext, request: AnswerRequest): Promise<Result<Answered>> => {
  const { run_id, request_id, answer, reason, command_id } = request;
  const decider = deciderOf(context);
  const by = commandOf(options, { command_id, said: { request_id, answer, reason } });
  const result = await respond(options, context, {
    run_id, request_id, response: 'answer',
    isAsked: (run, action) => {
      const ask = openRequest(run, request_id, 'question')?.request.ask ?? (action?.kind === 'question' ? action.ask : undefined);
      return isAsked(decider, { ask });
    },
    judge: (run, { at_ms, definition }): ResponseDecision => {
      const open = openRequest(run, request_id, 'question');
      const like = open?.request.schema === undefined ? open?.request.default : undefined;
      const decision = decideRun({ type: 'answer_question', request_id, reason, responded_by: context.actor, ...by, ...coerceAnswer(answer, like) }, run, { at_ms, definition });
      if (open === undefined || decision.kind === 'refused') return decision;
      const refusal = refusalOf({ decider, open, run, request, at_ms });
      return refusal === undefined ? decision : refuse(refusal);
    },
  });
  if (!result.ok) return result;
  const { run, position } = result.value;
  const conversion = run.checkpoint.ended_requests?.find((ended) => ended.request_id === request_id)?.conversion ?? 'kept';
  return accepted({ run: toRunRecord(run), conversion, position });
};
