import { Controller, Inject, Req, Res } from '@nestjs/common';
import { deleteAutomation, pauseAutomation, resumeAutomation, shareAutomation } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { serve } from './http/serve.js';

/** What operators do to automations. */
@Controller()
export class AutomationOperatorController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.pauseAutomation)
  pause(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.pauseAutomation, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(pauseAutomation, { context, payload: { ...body, ...params } }),
      view: (automation) => ({ ok: true, automation }),
    });
  }

  @Handles(routes.resumeAutomation)
  resume(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.resumeAutomation, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(resumeAutomation, { context, payload: params }),
      view: (automation) => ({ ok: true, automation }),
    });
  }

  @Handles(routes.deleteAutomation)
  delete(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.deleteAutomation, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(deleteAutomation, { context, payload: params }),
      view: (_automation, { params }) => ({ ok: true, deleted: true, automationID: params.automation_id }),
    });
  }

  @Handles(routes.shareAutomation)
  share(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.shareAutomation, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(shareAutomation, { context, payload: { ...body, ...params } }),
      view: (automation) => ({ ok: true, automation }),
    });
  }
}
