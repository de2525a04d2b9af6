import { Controller, Inject, Req, Res } from '@nestjs/common';
import { decideGate, getApproval, listHumanRequests, listPendingApprovals, type ApprovalRequest, type HumanRequestRecord, type Page, type RpcReply } from '@cs/contracts';
import { routes, type RouteInput } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callContext } from './http/exchange.js';
import { Handles } from './http/handles.js';
import type { Refused } from './http/problem-answer.js';
import { approvalPage } from './pages/approval.page.js';
import { createFormToken, readFormToken } from './pages/form-token.js';
import { inboxPage } from './pages/inbox.page.js';
import { PageDesk, type Visit } from './pages/page-desk.js';
import { beginSession, endSession } from './pages/page-session.js';
import { stylesheet } from './pages/stylesheet.js';

type Decision = RouteInput<typeof routes.decideOnPage>['body'];

const tooOld = 'This form was not made for you and this request, or it is older than two hours. Nothing was decided; look at it again.';
const reasonNeeded = 'Nothing was decided: say what has to change when you send it back.';
const pageItems = 50;
const nothing = { ok: true, value: { items: [] } } as const;

interface Listing {
  readonly all: boolean;
  readonly cursor: string | undefined;
}

/** Pages for people: the inbox, and one request with the form that decides it. A GET decides nothing. */
@Controller()
export class PagesController {
  readonly #rpc: RpcClient;
  readonly #desk: PageDesk;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient, @Inject(PageDesk) desk: PageDesk) {
    this.#rpc = rpc;
    this.#desk = desk;
  }

  @Handles(routes.pageAsset)
  asset(@Res() reply: FastifyReply): void {
    reply.type('text/css; charset=utf-8').send(stylesheet);
  }

  @Handles(routes.inboxPage)
  async inbox(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.#desk.receive(routes.inboxPage, { request, reply });
    if (visit === undefined) return;
    const { all = false, cursor, questions: questionCursor } = visit.input.query;
    // A page of older ones of one list shows nothing of the other.
    const [gates, questions] = await Promise.all([
      questionCursor === undefined ? this.#gates(request, { all, cursor }) : nothing,
      cursor === undefined ? this.#questions(request, { all, cursor: questionCursor }) : nothing,
    ]);
    if (!gates.ok) this.#desk.refuse(visit, { ...gates.refusal, retryAfterS: gates.retry_after_s });
    else if (!questions.ok) this.#desk.refuse(visit, { ...questions.refusal, retryAfterS: questions.retry_after_s });
    else this.#desk.show(visit, { title: 'Inbox', body: inboxPage({ gates: gates.value, questions: questions.value }, { all }) });
  }

  #gates(request: FastifyRequest, { all, cursor }: Listing): Promise<RpcReply<Page<ApprovalRequest>>> {
    return this.#rpc.call(listPendingApprovals, { context: callContext(request), payload: { mine: !all, limit: pageItems, cursor } });
  }

  #questions(request: FastifyRequest, { all, cursor }: Listing): Promise<RpcReply<Page<HumanRequestRecord>>> {
    return this.#rpc.call(listHumanRequests, { context: callContext(request), payload: { kind: 'question', status: 'pending', mine: !all, limit: pageItems, cursor } });
  }

  @Handles(routes.approvalPage)
  async approval(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.#desk.receive(routes.approvalPage, { request, reply });
    const shown = visit && (await this.#find(visit, visit.input.params.gate_opening_id));
    if (visit !== undefined && shown !== undefined) this.#show(visit, shown, {});
  }

  @Handles(routes.decideOnPage)
  async decide(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.#desk.receiveForm(routes.decideOnPage, { request, reply });
    if (visit === undefined) return;
    const { params: { gate_opening_id }, body } = visit.input;
    const asked = await this.#find(visit, gate_opening_id);
    if (asked === undefined) return;
    const nonce = readFormToken(this.#desk.secrets, { caller: visit.visitor.caller, act: 'decide', about: gate_opening_id }, { token: body.token, nowMs: this.#desk.now() });
    if (nonce === undefined) this.#show(visit, asked, { status: 403, notice: tooOld, reason: body.reason });
    else if (body.decision === 'rework' && body.reason.trim() === '') this.#show(visit, asked, { status: 400, notice: reasonNeeded });
    else await this.#decide(visit, { asked, body, command_id: nonce });
  }

  @Handles(routes.signIn)
  async signIn(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const form = await this.#desk.receiveSignIn({ request, reply });
    if (form === undefined) return;
    const cookie = beginSession(this.#desk.secrets, form.credential, { nowMs: this.#desk.now(), secure: this.#desk.secure });
    if (cookie === undefined) this.#desk.askToSignIn({ request, reply }, { to: form.to, notice: 'This assertion is too long for a session of a browser. Sign in with an API key, or one with fewer grants.' });
    else reply.header('set-cookie', cookie).redirect(form.to, 303);
  }

  @Handles(routes.signOut)
  signOut(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    if (this.#desk.isOwn({ request, reply })) reply.header('set-cookie', endSession({ secure: this.#desk.secure })).redirect('/inbox', 303);
  }

  /** The decision is bound to this opening; the form sent twice is one command. */
  async #decide(visit: Visit, { asked, body, command_id }: { readonly asked: ApprovalRequest; readonly body: Decision; readonly command_id: string }): Promise<void> {
    const { run_id, gate_opening_id, request_id: approval_request_id } = asked;
    const reason = body.reason.trim();
    const payload = { run_id, gate_opening_id, approval_request_id, decision: body.decision, command_id, ...(reason === '' ? {} : { reason }) };
    const answer = await this.#rpc.call(decideGate, { context: callContext(visit.exchange.request), payload });
    if (answer.ok) {
      visit.exchange.reply.redirect(asked.links.page, 303);
      return;
    }
    const refusal: Refused = { ...answer.refusal, retryAfterS: answer.retry_after_s };
    // What it has become in between says more than what it was.
    const now = await this.#find(visit, gate_opening_id);
    if (now !== undefined) this.#show(visit, now, { status: this.#desk.statusOf(visit, refusal), notice: this.#desk.sentenceOf(refusal), reason: body.reason });
  }

  /** The request; `undefined` when the visitor was told that there is none. */
  async #find(visit: Visit, gate_opening_id: string): Promise<ApprovalRequest | undefined> {
    const answer = await this.#rpc.call(getApproval, { context: callContext(visit.exchange.request), payload: { gate_opening_id } });
    if (answer.ok) return answer.value;
    this.#desk.refuse(visit, { ...answer.refusal, retryAfterS: answer.retry_after_s });
    return undefined;
  }

  #show(visit: Visit, request: ApprovalRequest, { status, ...view }: { readonly status?: number; readonly notice?: string; readonly reason?: string }): void {
    const token = createFormToken(this.#desk.secrets, { caller: visit.visitor.caller, act: 'decide', about: request.gate_opening_id }, this.#desk.now());
    this.#desk.show(visit, { title: request.title, body: approvalPage(request, { token, ...view }) }, status);
  }
}

