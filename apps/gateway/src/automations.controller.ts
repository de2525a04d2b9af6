import { Controller, Inject, Req, Res } from '@nestjs/common';
import { createAutomation, getAutomation, listAutomations, listRuns, patchAutomation, runNow } from '@cs/contracts';
import { routes, runAnswer, viewRun } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

/** Automations and the runs of one. */
@Controller()
export class AutomationsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.createAutomation)
  create(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.createAutomation, { request, reply }, {
      call: ({ body, query }, context) => this.#rpc.call(createAutomation, { context, payload: { ...query, definition: body } }),
      view: (automation) => ({ automation }),
    });
  }

  @Handles(routes.listAutomations)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listAutomations, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listAutomations, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('automations', page),
    });
  }

  @Handles(routes.getAutomation)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getAutomation, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getAutomation, { context, payload: { ...params, min_position: minPosition } }),
      view: (automation) => ({ automation }),
    });
  }

  @Handles(routes.patchAutomation)
  patch(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.patchAutomation, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(patchAutomation, { context, payload: { ...params, patch: body } }),
      view: (automation) => ({ automation }),
    });
  }

  @Handles(routes.runNow)
  runNow(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.runNow, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(runNow, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: (run) => ({ ok: true, ...runAnswer(run) }),
    });
  }

  @Handles(routes.listAutomationRuns)
  listRuns(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listAutomationRuns, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(listRuns, { context, payload: { ...query, ...params, min_position: minPosition } }),
      view: (page, { params }) => ({ automationID: params.automation_id, ...pageOf('runs', page, viewRun) }),
    });
  }
}
