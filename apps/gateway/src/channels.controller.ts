import { Controller, Inject, Req, Res } from '@nestjs/common';
import { changeChannelUser, deleteChannel, getChannel, listChannels, listDeliveries, offerEnrolment, patchChannel, putChannel, testChannel } from '@cs/contracts';
import { routes } from '@cs/http-api';
import { RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChannelIntake } from './channels/channel-intake.js';
import { Handles } from './http/handles.js';
import { pageOf } from './http/page.js';
import { problemAnswer } from './http/problem-answer.js';
import { serve } from './http/serve.js';

const callbackIdOf = ({ params }: FastifyRequest): string => {
  const id: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, 'callback_id') : undefined;
  return typeof id === 'string' ? id : '';
};

/** Channels of a workspace, and the addresses that their platforms call back. */
@Controller()
export class ChannelsController {
  readonly #rpc: RpcClient;
  readonly #intake: ChannelIntake;

  constructor(@Inject(RPC_CLIENT) rpc: RpcClient, @Inject(ChannelIntake) intake: ChannelIntake) {
    this.#rpc = rpc;
    this.#intake = intake;
  }

  @Handles(routes.receiveChannelCallback)
  async receive(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const answer = await this.#intake.receive(callbackIdOf(request), request);
    if (!answer.ok) return problemAnswer({ request, reply }, { ...answer.refusal, retryAfterS: answer.retry_after_s });
    const { status, headers = {}, body } = answer.value;
    reply.code(status).headers(headers);
    return body;
  }

  @Handles(routes.putChannel)
  put(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.putChannel, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(putChannel, { context, payload: { ...body, ...params } }),
      view: (channel) => ({ channel }),
    });
  }

  @Handles(routes.patchChannel)
  patch(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.patchChannel, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(patchChannel, { context, payload: { ...body, ...params } }),
      view: (channel) => ({ channel }),
    });
  }

  @Handles(routes.deleteChannel)
  delete(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.deleteChannel, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(deleteChannel, { context, payload: params }),
      view: ({ channel_id }) => ({ ok: true, deleted: true, channel_id }),
    });
  }

  @Handles(routes.listChannels)
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listChannels, { request, reply }, {
      call: ({ query, minPosition }, context) => this.#rpc.call(listChannels, { context, payload: { ...query, min_position: minPosition } }),
      view: (page) => pageOf('channels', page),
    });
  }

  @Handles(routes.getChannel)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.getChannel, { request, reply }, {
      call: ({ params, minPosition }, context) => this.#rpc.call(getChannel, { context, payload: { ...params, min_position: minPosition } }),
      view: (channel) => ({ channel }),
    });
  }

  @Handles(routes.testChannel)
  test(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.testChannel, { request, reply }, {
      call: ({ params, body, commandId }, context) => this.#rpc.call(testChannel, { context, payload: { ...body, ...params, command_id: commandId } }),
      view: ({ delivery_id }) => ({ ok: true, delivery_id }),
    });
  }

  @Handles(routes.offerEnrolment)
  offerEnrolment(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.offerEnrolment, { request, reply }, {
      call: ({ params }, context) => this.#rpc.call(offerEnrolment, { context, payload: params }),
      view: (offered) => offered,
    });
  }

  @Handles(routes.changeChannelUser)
  changeUser(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.changeChannelUser, { request, reply }, {
      call: ({ params, body }, context) => this.#rpc.call(changeChannelUser, { context, payload: { ...body, ...params } }),
      view: (channel) => ({ channel }),
    });
  }

  @Handles(routes.listDeliveries)
  deliveries(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    return serve(routes.listDeliveries, { request, reply }, {
      call: ({ params, query, minPosition }, context) => this.#rpc.call(listDeliveries, { context, payload: { ...query, installation: params.channel_id, min_position: minPosition } }),
      view: (page) => pageOf('deliveries', page),
    });
  }
}
