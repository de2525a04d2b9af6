import { Controller, Inject, Req, Res } from '@nestjs/common';
import { verifyAudit } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { verifyWhole } from './audit/whole-verification.js';
import { Handles } from './http/handles.js';
import { serve } from './http/serve.js';

/** The protected audit of the caller's tenant. */
@Controller()
export class AuditController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.verifyAudit)
  verify(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.verifyAudit, { request, reply }, {
      call: ({ query, minPosition }, context) =>
        verifyWhole((checkpoint) => this.#rpc.call(verifyAudit, { context, payload: { checkpoint, min_position: minPosition } }), { checkpoint: query.checkpoint, clock: () => performance.now() }),
      view: (verification) => verification,
    });
  }
}
