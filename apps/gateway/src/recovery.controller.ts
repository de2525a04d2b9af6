import { Controller, Inject, Req, Res } from '@nestjs/common';
import { chooseRecovery, decideCompensation, decideDeadLetter, getResumePlan } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { serve } from './http/serve.js';

/** How runs are recovered, and who approves what undoes their effects. */
@Controller()
export class RecoveryController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.getResumePlan)
  plan(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getResumePlan, { request, reply }, { call: ({ params, minPosition }, context) => this.#rpc.call(getResumePlan, { context, payload: { ...params, min_position: minPosition } }), view: (plan) => plan });
  }

  @Handles(routes.chooseRecovery)
  choose(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.chooseRecovery, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(chooseRecovery, { context, payload: { ...body, ...params, command_id: commandId } }), view: (chosen) => chosen,
    });
  }

  @Handles(routes.decideCompensation)
  decide(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.decideCompensation, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(decideCompensation, { context, payload: { ...body, ...params, command_id: commandId } }), view: (decided) => ({ ok: true, ...decided }),
    });
  }

  @Handles(routes.decideDeadLetter)
  letter(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.decideDeadLetter, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(decideDeadLetter, { context, payload: { ...body, ...params, command_id: commandId } }), view: (decided) => decided,
    });
  }
}
