import { Controller, Inject, Req, Res } from '@nestjs/common';
import {
  createWebhookTrigger, deleteWebhookTrigger, disableWebhookTrigger, enableWebhookTrigger, getWebhookTrigger, listWebhookDeliveries, listWebhookTriggers, patchWebhookTrigger, replayWebhookDelivery,
  rotateWebhookSecret, rotateWebhookToken,
} from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { problemAnswer } from './http/problem-answer.js';
import { positionHeader, serve } from './http/serve.js';
import { WebhookIntake } from './webhooks/webhook-intake.js';

const tokenOf = ({ params }: FastifyRequest): string => {
  const token: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, 'public_token') : undefined;
  return typeof token === 'string' ? token : '';
};

/** Webhook triggers of automations, and the public addresses that they have. */
@Controller()
export class WebhooksController {
  readonly #rpc: RpcClient;
  readonly #intake: WebhookIntake;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient, @Inject(WebhookIntake) intake: WebhookIntake) {
    this.#rpc = rpc;
    this.#intake = intake;
  }

  @Handles(routes.receiveWebhook)
  async receive(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const answer = await this.#intake.receive(tokenOf(request), request);
    if (!answer.ok) return problemAnswer({ request, reply }, { ...answer.refusal, retryAfterS: answer.retry_after_s });
    if (answer.position !== undefined) reply.header(positionHeader, String(answer.position));
    return { ok: true, ...answer.value };
  }

  @Handles(routes.createWebhookTrigger)
  create(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.createWebhookTrigger, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(createWebhookTrigger, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: (shown) => shown,
    });
  }

  @Handles(routes.listWebhookTriggers)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listWebhookTriggers, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(listWebhookTriggers, { context, payload: { ...query, ...params, min_position: minPosition } }),
      view: (page) => pageOf('triggers', page),
    });
  }

  @Handles(routes.getWebhookTrigger)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getWebhookTrigger, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getWebhookTrigger, { context, payload: { ...params, min_position: minPosition } }),
      view: (trigger) => ({ trigger }),
    });
  }

  @Handles(routes.patchWebhookTrigger)
  patch(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.patchWebhookTrigger, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(patchWebhookTrigger, { context, payload: { ...body, ...params } }),
      view: (trigger) => ({ trigger }),
    });
  }

  @Handles(routes.deleteWebhookTrigger)
  delete(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.deleteWebhookTrigger, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(deleteWebhookTrigger, { context, payload: params }),
      view: ({ trigger_id }) => ({ ok: true, deleted: true, trigger_id }),
    });
  }

  @Handles(routes.enableWebhookTrigger)
  enable(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.enableWebhookTrigger, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(enableWebhookTrigger, { context, payload: params }),
      view: (trigger) => ({ trigger }),
    });
  }

  @Handles(routes.disableWebhookTrigger)
  disable(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.disableWebhookTrigger, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(disableWebhookTrigger, { context, payload: params }),
      view: (trigger) => ({ trigger }),
    });
  }

  @Handles(routes.rotateWebhookSecret)
  rotateSecret(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.rotateWebhookSecret, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(rotateWebhookSecret, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: (shown) => shown,
    });
  }

  @Handles(routes.rotateWebhookToken)
  rotateToken(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.rotateWebhookToken, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(rotateWebhookToken, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: (shown) => shown,
    });
  }

  @Handles(routes.listWebhookDeliveries)
  deliveries(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listWebhookDeliveries, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(listWebhookDeliveries, { context, payload: { ...query, ...params, min_position: minPosition } }),
      view: (page) => pageOf('deliveries', page),
    });
  }

  @Handles(routes.replayWebhookDelivery)
  replay(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.replayWebhookDelivery, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(replayWebhookDelivery, { context, payload: params }),
      view: (replayed) => ({ ok: true, ...replayed }),
    });
  }
}
