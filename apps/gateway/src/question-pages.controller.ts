import { Controller, Inject, Req, Res } from '@nestjs/common';
import { answerQuestion, getHumanRequest, governanceActorSchema, type HumanRequestRecord } from '@cs/contracts';
import { routes } from '@cs/http-api';
import type { Json } from '@cs/kernel';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callContext } from './http/exchange.js';
import { Handles } from './http/handles.js';
import type { Refused } from './http/problem-answer.js';
import { answerFormOf, readAnswer } from './pages/answer-form.js';
import { createFormToken, readFormToken } from './pages/form-token.js';
import { PageDesk, type Visit } from './pages/page-desk.js';
import { nameOf, minuteOf } from './pages/page-texts.js';
import { questionPage, requestPage, type QuestionView } from './pages/question.page.js';

const tooOld = 'This form was not made for you and this question, or it is older than two hours. Nothing was answered; look at it again.';

const winnerSchema = z.object({ winningResponse: z.object({ status: z.string(), ended_at_ms: z.number(), ended_by: governanceActorSchema.optional() }) });

/** Who was faster, or why nobody is asked any more; `undefined` of any other refusal. */
const lostTo = ({ code, details }: Refused): string | undefined => {
  const winner = code === 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING' ? winnerSchema.safeParse(details).data?.winningResponse : undefined;
  if (winner === undefined) return undefined;
  const { status, ended_at_ms, ended_by } = winner;
  const how = ended_by === undefined ? (status === 'cancelled' ? 'This was cancelled' : 'The time to answer this was over') : `${nameOf(ended_by)} answered this`;
  return `${how} at ${minuteOf(ended_at_ms)}, before your answer came. Yours was not taken.`;
};

const expired = 'The time to answer this is over. Your answer was not taken.';
const secretRefused = 'AUTOMATION_V2_ANSWER_SECRET';

interface Answering {
  readonly asked: HumanRequestRecord;
  readonly answer: Json;
  readonly sent: Readonly<Record<string, string>>;
  readonly command_id: string;
}
type Shown = Partial<Pick<QuestionView, 'notice' | 'sent' | 'isOver'>> & { readonly status?: number };

/** Pages of what runs ask people for outside of gates. A GET answers nothing. */
@Controller()
export class QuestionPagesController {
  readonly #rpc: RpcClient;
  readonly #desk: PageDesk;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient, @Inject(PageDesk) desk: PageDesk) {
    this.#rpc = rpc;
    this.#desk = desk;
  }

  @Handles(routes.questionPage)
  async look(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.#desk.receive(routes.questionPage, { request, reply });
    const shown = visit && (await this.#find(visit, visit.input.params.request_id));
    if (visit !== undefined && shown !== undefined) this.#show(visit, shown, {});
  }

  @Handles(routes.answerOnPage)
  async answer(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.#desk.receiveForm(routes.answerOnPage, { request, reply });
    if (visit === undefined) return;
    const { params: { request_id }, body: { token, ...sent } } = visit.input;
    const asked = await this.#find(visit, request_id);
    if (asked === undefined) return;
    const command_id = readFormToken(this.#desk.secrets, { caller: visit.visitor.caller, act: 'answer', about: request_id }, { token, nowMs: this.#desk.now() });
    const read = readAnswer(answerFormOf(asked), sent);
    if (command_id === undefined) this.#show(visit, asked, { status: 403, notice: tooOld, sent });
    else if (read.ok) await this.#answer(visit, { asked, answer: read.answer, sent, command_id });
    else this.#show(visit, asked, { status: 400, notice: read.why, sent });
  }

  /** The form sent twice is one command. */
  async #answer(visit: Visit, { asked, answer, sent, command_id }: Answering): Promise<void> {
    const { run_id, request_id } = asked;
    const reason = (sent['reason'] ?? '').trim();
    const answered = await this.#rpc.call(answerQuestion, { context: callContext(visit.exchange.request), payload: { run_id, request_id, answer, command_id, ...(reason === '' ? {} : { reason }) } });
    if (answered.ok) visit.exchange.reply.redirect(requestPage(request_id), 303);
    else await this.#showRefused(visit, { asked, sent, refusal: { ...answered.refusal, retryAfterS: answered.retry_after_s } });
  }

  /** What it has become in between says more than what it was. */
  async #showRefused(visit: Visit, { asked, sent, refusal }: Pick<Answering, 'asked' | 'sent'> & { readonly refusal: Refused }): Promise<void> {
    const now = await this.#find(visit, asked.request_id);
    if (now === undefined) return;
    const late = refusal.code === 'AUTOMATION_V2_HUMAN_REQUEST_EXPIRED' ? expired : lostTo(refusal);
    const kept = refusal.code === secretRefused ? {} : { sent };
    this.#show(visit, now, { status: this.#desk.statusOf(visit, refusal), notice: late ?? this.#desk.sentenceOf(refusal), isOver: late !== undefined, ...kept });
  }

  /** The request; `undefined` when the visitor was told that there is none. */
  async #find(visit: Visit, request_id: string): Promise<HumanRequestRecord | undefined> {
    const answer = await this.#rpc.call(getHumanRequest, { context: callContext(visit.exchange.request), payload: { request_id } });
    if (answer.ok) return answer.value;
    this.#desk.refuse(visit, { ...answer.refusal, retryAfterS: answer.retry_after_s });
    return undefined;
  }

  #show(visit: Visit, asked: HumanRequestRecord, { status, ...view }: Shown): void {
    const { caller } = visit.visitor;
    const nowMs = this.#desk.now();
    const token = createFormToken(this.#desk.secrets, { caller, act: 'answer', about: asked.request_id }, nowMs);
    this.#desk.show(visit, { title: `${asked.workflow_name} asks`, body: questionPage(asked, { token, nowMs, visitor: caller.actor, ...view }) }, status);
  }
}
