import { Controller, Inject, Req, Res } from '@nestjs/common';
import { listRunWaits, listWaits, resolveWait } from '@cs/contracts';
import { routes, runAnswer } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

/** What runs wait for, and the conditions that others resolve. */
@Controller()
export class WaitsController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.listWaits)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listWaits, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listWaits, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('waits', page),
    });
  }

  @Handles(routes.listRunWaits)
  ofRun(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listRunWaits, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(listRunWaits, { context, payload: { ...query, ...params, min_position: minPosition } }),
      view: (page) => pageOf('waits', page),
    });
  }

  @Handles(routes.resolveWait)
  resolve(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.resolveWait, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(resolveWait, { context, payload: { ...body, ...params } }),
      view: ({ run, wait }) => ({ ok: true, ...runAnswer(run), wait }),
    });
  }
}
