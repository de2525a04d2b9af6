import { Controller, Inject, Req, Res } from '@nestjs/common';
import { listAutomationVersions, overrideGuardrails, recordUsage } from '@cs/contracts';
import { routes, runAnswer } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { Handles } from './http/handles.js';
import { serve } from './http/serve.js';

/** Limits and usage of runs, and the versions of automations. */
@Controller()
export class SupervisionController {
  readonly #rpc: RpcClient;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient) {
    this.#rpc = rpc;
  }

  @Handles(routes.overrideGuardrails)
  override(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.overrideGuardrails, { request, reply }, {
      call: ({ params, body: { reason, ...limits }, commandId }, context) => this.#rpc.call(overrideGuardrails, { context, payload: { ...params, limits, reason, command_id: commandId } }),
      view: (run) => ({ ok: true, ...runAnswer(run) }),
    });
  }

  @Handles(routes.recordUsage)
  usage(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.recordUsage, { request, reply }, {
      call: ({ params, body: { usage_id, node_id, correlation_id, source, ...usage }, commandId }, context) =>
        this.#rpc.call(recordUsage, { context, payload: { ...params, usage, usage_id: usage_id ?? commandId ?? randomUUID(), node_id, correlation_id, source } }),
      view: (run) => ({ ok: true, ...runAnswer(run) }),
    });
  }

  @Handles(routes.listAutomationVersions)
  versions(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listAutomationVersions, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(listAutomationVersions, { context, payload: params }),
      view: ({ automation_id, versions }) => ({ automationID: automation_id, versions, count: versions.length }),
    });
  }
}
