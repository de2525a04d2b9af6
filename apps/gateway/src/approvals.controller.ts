import { Controller, Inject, Req, Res } from '@nestjs/common';
import { getApproval, listDecidedApprovals, listPendingApprovals } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

/** The inbox: gates that wait for a decision, and what became of others. */
@Controller()
export class ApprovalsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listPendingApprovals)
  pending(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listPendingApprovals, { request, reply }, {
      call: ({ query: { kind: kinds, ...query }, minPosition }, context) => this.#rpc.call(listPendingApprovals, { context, payload: { ...query, kinds, min_position: minPosition } }),
      view: (page) => pageOf('approvals', page),
    });
  }

  @Handles(routes.listDecidedApprovals)
  decided(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listDecidedApprovals, { request, reply }, {
      call: ({ query: { kind: kinds, ...query }, minPosition }, context) => this.#rpc.call(listDecidedApprovals, { context, payload: { ...query, kinds, min_position: minPosition } }),
      view: (page) => pageOf('approvals', page),
    });
  }

  @Handles(routes.getApproval)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getApproval, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getApproval, { context, payload: { ...params, min_position: minPosition } }),
      view: (approval) => ({ approval }),
    });
  }
}
