import { Controller, Inject, Req, Res } from '@nestjs/common';
import { dryRunEffectPolicy, getEffectPolicy, getEffectPolicyVersion, listEffectPolicies, listPolicyDecisions, publishEffectPolicy } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { serve } from './http/serve.js';

/** What may go out, and what was decided about it. */
@Controller()
export class PoliciesController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.getEffectPolicy)
  active(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getEffectPolicy, { request, reply }, {
      call: (_input, context) => this.#rpc.call(getEffectPolicy, { context, payload: {} }),
      view: (policy) => ({ policy }),
    });
  }

  @Handles(routes.publishEffectPolicy)
  publish(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.publishEffectPolicy, { request, reply }, {
      call: ({ body, commandId }, context) => this.#rpc.call(publishEffectPolicy, { context, payload: { ...body, command_id: commandId } }),
      view: (policy) => ({ ok: true, policy }),
    });
  }

  @Handles(routes.listEffectPolicies)
  versions(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listEffectPolicies, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listEffectPolicies, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('versions', page),
    });
  }

  @Handles(routes.getEffectPolicyVersion)
  version(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getEffectPolicyVersion, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getEffectPolicyVersion, { context, payload: { ...params, min_position: minPosition } }),
      view: (policy) => ({ policy }),
    });
  }

  @Handles(routes.dryRunEffectPolicy)
  dryRun(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.dryRunEffectPolicy, { request, reply }, {
      call: ({ body, minPosition }, context) => this.#rpc.call(dryRunEffectPolicy, { context, payload: { ...body, min_position: minPosition }, timeoutMs: 30_000 }),
      view: (dryRun) => dryRun,
    });
  }

  @Handles(routes.listPolicyDecisions)
  decisions(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listPolicyDecisions, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listPolicyDecisions, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('decisions', page),
    });
  }
}
