import { Controller, Inject, Req, Res } from '@nestjs/common';
import { decideGate, getRun, listRuns } from '@cs/contracts';
import { routes, runAnswer, viewRun } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

/** Runs and their gates. */
@Controller()
export class RunsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listRuns)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listRuns, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listRuns, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('runs', page, viewRun),
    });
  }

  @Handles(routes.getRun)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getRun, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getRun, { context, payload: { ...params, min_position: minPosition } }),
      view: runAnswer,
    });
  }

  @Handles(routes.decideGate)
  decideGate(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.decideGate, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(decideGate, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: (run) => ({ ok: true, ...runAnswer(run) }),
    });
  }
}
