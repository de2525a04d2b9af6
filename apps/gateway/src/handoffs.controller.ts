import { Controller, Inject, Req, Res } from '@nestjs/common';
import { approveHandoff, depositHandoff, listHandoffs } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { serve } from './http/serve.js';

/** Handoffs between automations. */
@Controller()
export class HandoffsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listHandoffs)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listHandoffs, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(listHandoffs, { context, payload: { ...params, min_position: minPosition } }),
      view: (lists, { params }) => ({ automationID: params.automation_id, ...lists }),
    });
  }

  @Handles(routes.depositHandoff)
  deposit(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.depositHandoff, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(depositHandoff, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: (handoff) => ({ ok: true, handoff }),
    });
  }

  @Handles(routes.approveHandoff)
  approve(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.approveHandoff, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(approveHandoff, { context, payload: params }),
      view: (handoff) => ({ ok: true, handoff }),
    });
  }
}
