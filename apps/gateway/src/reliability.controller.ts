import { Controller, Inject, Req, Res } from '@nestjs/common';
import { listReliability, type LedgerPage } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { serve } from './http/serve.js';

const shown = ({ next, limit, ...collections }: LedgerPage) => ({
  ...collections,
  counts: { outbox: collections.outbox.length, tool_effects: collections.tool_effects.length, dead_letters: collections.dead_letters.length, compensations: collections.compensations.length },
  pagination: { limit, next },
});

/** What left the system, what was given up, and what undoes it. */
@Controller()
export class ReliabilityController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listReliability)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listReliability, { request, reply }, { call: ({ query, minPosition }, context) => this.#rpc.call(listReliability, { context, payload: { ...query, min_position: minPosition } }), view: shown });
  }

  @Handles(routes.listRunReliability)
  ofRun(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listRunReliability, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(listReliability, { context, payload: { ...query, ...params, of_run: true, min_position: minPosition } }), view: shown,
    });
  }
}
