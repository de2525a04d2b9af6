import { Controller, Inject, Req, Res } from '@nestjs/common';
import { getAutomation, listDecidedApprovals, listHumanRequests, listPendingApprovals, observeRun, type CallContext, type RunObservability, type RpcReply } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callContext } from './http/exchange.js';
import { Handles } from './http/handles.js';
import { PageDesk } from './pages/page-desk.js';
import { runPage, type RunView } from './pages/run.page.js';

/** Of events, and of each list of what the run asks people. */
const mostShown = 50;
/** Neither is on the page, and a document holds one at least. */
const hidden = { snapshot_limit: 1, audit_limit: 1 };

/** The page of one run, for whoever may read it. */
@Controller()
export class RunPagesController {
  readonly #rpc: RpcClient;
  readonly #desk: PageDesk;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient, @Inject(PageDesk) desk: PageDesk) {
    this.#rpc = rpc;
    this.#desk = desk;
  }

  @Handles(routes.runPage)
  async look(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.#desk.receive(routes.runPage, { request, reply });
    if (visit === undefined) return;
    const context = callContext(request);
    const { run_id } = visit.input.params;
    const observed = await this.#rpc.call(observeRun, { context, payload: { run_id, event_limit: mostShown, ...hidden } });
    const view = observed.ok ? await this.#viewOf(observed.value, context) : observed;
    if (view.ok) this.#desk.show(visit, { title: `${view.value.name}, run ${run_id}`, body: runPage(view.value) });
    else this.#desk.refuse(visit, { ...view.refusal, retryAfterS: view.retry_after_s });
  }

  /** Everything else is asked for only when the run is the visitor's to read. */
  async #viewOf(observed: RunObservability, context: CallContext): Promise<RpcReply<RunView>> {
    const { run_id, run: { automation_id } } = observed;
    const payload = { run_id, limit: mostShown };
    const [gates, decisions, requests, responses, automation] = await Promise.all([
      this.#rpc.call(listPendingApprovals, { context, payload }), this.#rpc.call(listDecidedApprovals, { context, payload }),
      this.#rpc.call(listHumanRequests, { context, payload: { ...payload, status: 'pending' } }), this.#rpc.call(listHumanRequests, { context, payload }),
      this.#rpc.call(getAutomation, { context, payload: { automation_id } }),
    ]);
    if (!gates.ok) return gates;
    if (!decisions.ok) return decisions;
    if (!requests.ok) return requests;
    if (!responses.ok) return responses;
    const name = automation.ok ? automation.value.name : automation_id;
    const answered = responses.value.items.filter(({ status }) => status !== 'pending');
    return { ok: true, value: { observed, name, open: gates.value.items, decided: decisions.value.items, asked: requests.value.items, answered } };
  }
}
