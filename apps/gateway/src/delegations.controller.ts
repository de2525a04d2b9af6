import { Controller, Inject, Req, Res } from '@nestjs/common';
import { endDelegation, listDelegations, setDelegation } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

/** Who decides gates for whom. */
@Controller()
export class DelegationsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.setDelegation)
  set(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.setDelegation, { request, reply }, {
      call: ({ body, commandId }, context) => this.#rpc.call(setDelegation, { context, payload: { ...body, command_id: commandId } }),
      view: (delegation) => ({ ok: true, delegation }),
    });
  }

  @Handles(routes.endDelegation)
  end(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.endDelegation, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(endDelegation, { context, payload: { ...body, ...params } }),
      view: (delegation) => ({ ok: true, delegation }),
    });
  }

  @Handles(routes.listDelegations)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listDelegations, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listDelegations, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('delegations', page),
    });
  }
}
