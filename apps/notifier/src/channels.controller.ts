import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { isHumanAdministrator } from '@cs/automation-domain';
import {
  changeChannelUser, deleteChannel, offerEnrolment, patchChannel, putChannel, testChannel, type CallContext, type ChannelRecord, type ReplyOf, type RpcReply,
} from '@cs/contracts';
import { refused, type Result } from '@cs/kernel';
import { changeChannel, changeUser, configureChannel, offerEnrolment as offer, removeChannel, requestTest, type ChannelStored } from '@cs/notification';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import type { ChannelCommands } from './notifier-providers.js';
import { CHANNEL_OPTIONS } from './tokens.js';

const answer = (result: Result<ChannelStored>): RpcReply<ChannelRecord> => (result.ok ? { ok: true, value: result.value.channel, position: result.value.position } : result);

/** Whoever may say where cards go and who may press may decide everything: administrators only. */
const byAdmin = async <Value>(context: CallContext, command: () => Promise<Result<Value>>): Promise<Result<Value>> =>
  isHumanAdministrator(context) ? await command() : refused('CHANNEL_REQUIRES_ADMIN', 'only a person who administers the workspace may change its channels');

/** Commands on channels. */
@Controller()
export class ChannelsController {
  readonly #put;
  readonly #patch;
  readonly #delete;
  readonly #test;
  readonly #offer;
  readonly #user;

  constructor(@Inject(CHANNEL_OPTIONS) options: ChannelCommands, @Inject(LOGGER) logger: Logger) {
    this.#put = answerRpc(putChannel, logger, async (payload, context) => answer(await byAdmin(context, () => configureChannel(options, context, payload))));
    this.#patch = answerRpc(patchChannel, logger, async (payload, context) => answer(await byAdmin(context, () => changeChannel(options, context, payload))));
    this.#delete = answerRpc(deleteChannel, logger, async ({ channel_id }, context) => answer(await byAdmin(context, () => removeChannel(options, context, channel_id))));
    this.#user = answerRpc(changeChannelUser, logger, async ({ channel_id, ...user }, context) =>
      answer(await byAdmin(context, () => changeUser(options, context, { channel_id, user }))));
    this.#test = answerRpc(testChannel, logger, async (payload, context) => {
      const result = await byAdmin(context, () => requestTest(options, context, payload));
      return result.ok ? { ok: true, value: result.value } : result;
    });
    this.#offer = answerRpc(offerEnrolment, logger, async ({ channel_id }, context) => {
      const result = await offer(options, context, channel_id);
      return result.ok ? { ok: true, value: result.value.offered, position: result.value.position } : result;
    });
  }

  @MessagePattern(putChannel.subject)
  put(raw: unknown): Promise<RpcReply<ChannelRecord>> {
    return this.#put(raw);
  }

  @MessagePattern(patchChannel.subject)
  patch(raw: unknown): Promise<RpcReply<ChannelRecord>> {
    return this.#patch(raw);
  }

  @MessagePattern(deleteChannel.subject)
  delete(raw: unknown): Promise<RpcReply<ChannelRecord>> {
    return this.#delete(raw);
  }

  @MessagePattern(changeChannelUser.subject)
  changeUser(raw: unknown): Promise<RpcReply<ChannelRecord>> {
    return this.#user(raw);
  }

  @MessagePattern(testChannel.subject)
  test(raw: unknown): Promise<RpcReply<ReplyOf<typeof testChannel>>> {
    return this.#test(raw);
  }

  @MessagePattern(offerEnrolment.subject)
  offerEnrolment(raw: unknown): Promise<RpcReply<ReplyOf<typeof offerEnrolment>>> {
    return this.#offer(raw);
  }
}
