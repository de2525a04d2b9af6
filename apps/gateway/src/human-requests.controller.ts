import { Controller, Inject, Req, Res } from '@nestjs/common';
import { answerQuestion, getHumanRequest, listHumanRequests, respondEscalation } from '@cs/contracts';
import { routes, runAnswer } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

/** What runs ask people for outside of gates. */
@Controller()
export class HumanRequestsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listHumanRequests)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listHumanRequests, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listHumanRequests, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('human_requests', page),
    });
  }

  @Handles(routes.getHumanRequest)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getHumanRequest, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getHumanRequest, { context, payload: { ...params, min_position: minPosition } }),
      view: (human_request) => ({ human_request }),
    });
  }

  @Handles(routes.answerQuestion)
  answer(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.answerQuestion, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(answerQuestion, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: ({ run, conversion }) => ({ ok: true, ...runAnswer(run), conversion }),
    });
  }

  @Handles(routes.respondEscalation)
  respond(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.respondEscalation, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(respondEscalation, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: (run) => ({ ok: true, ...runAnswer(run) }),
    });
  }
}
