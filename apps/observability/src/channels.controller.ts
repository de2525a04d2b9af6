import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { getChannel, listChannels, listDeliveries, type ReplyOf, type RpcReply } from '@cs/contracts';
import { refusal } from '@cs/platform';
import type { ChannelQueries } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { CHANNEL_QUERIES, READS } from './tokens.js';

const noChannel = (channel_id: string): RpcReply<never> => refusal('CHANNEL_NOT_FOUND', `there is no channel "${channel_id}"`, { channel_id });

/** Channels, and what was to be told on them. */
@Controller()
export class ChannelsController {
  readonly #get;
  readonly #list;
  readonly #deliveries;

  constructor(@Inject(READS) reads: Reads, @Inject(CHANNEL_QUERIES) queries: ChannelQueries) {
    this.#get = reads.answer(getChannel, async ({ channel_id }, tenant) => {
      const channel = await queries.channel(tenant, channel_id);
      return channel ? { ok: true, value: channel } : noChannel(channel_id);
    });
    this.#list = reads.answer(listChannels, async ({ status, ...payload }, tenant) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.channels(tenant, status, page), (channel) => channel) : invalidCursor();
    });
    this.#deliveries = reads.answer(listDeliveries, async ({ installation, run_id, status, ...payload }, tenant) => {
      const page = pageOf(payload);
      if (!page) return invalidCursor();
      if (installation !== undefined && !(await queries.isKnown(tenant, installation))) return noChannel(installation);
      return toAnswer(await queries.deliveries(tenant, { installation, run_id, status }, page), (delivery) => delivery);
    });
  }

  @MessagePattern(getChannel.subject)
  get(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getChannel>>> {
    return this.#get(raw);
  }

  @MessagePattern(listChannels.subject)
  list(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listChannels>>> {
    return this.#list(raw);
  }

  @MessagePattern(listDeliveries.subject)
  deliveries(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listDeliveries>>> {
    return this.#deliveries(raw);
  }
}
