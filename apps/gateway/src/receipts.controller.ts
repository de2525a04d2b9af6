import { Controller, Inject, Req, Res } from '@nestjs/common';
import { getReceiptKeys, listReceipts, localImplicitTenant, type CallContext } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { sendProblem } from './http/problem-answer.js';
import { serve } from './http/serve.js';

/** Others may keep the keys for so long; a new key is published before it signs. */
const keysMaxAgeS = 300;

/** Receipts of decisions, and the keys to check them with. */
@Controller()
export class ReceiptsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listReceipts)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listReceipts, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(listReceipts, { context, payload: params }),
      view: ({ receipts }, { params }) => ({ run_id: params.run_id, receipts }),
    });
  }

  @Handles(routes.receiptKeys)
  async keys(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // The keys are nobody's secret and the same for everyone, so nobody in particular asks.
    const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'gateway' }, correlation_id: request.correlationId };
    const answer = await this.#rpc.call(getReceiptKeys, { context, payload: {} });
    if (!answer.ok) sendProblem({ request, reply }, { ...answer.refusal, retryAfterS: answer.retry_after_s });
    else reply.header('cache-control', `public, max-age=${keysMaxAgeS}`).type('application/json; charset=utf-8').send(JSON.stringify(answer.value));
  }
}
