import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { receiveChannelCallback, type ChannelCallbackAnswer, type PayloadOf, type RpcReply } from '@cs/contracts';
import { loadAggregate, type Eventing } from '@cs/eventing';
import { channelCallbackAggregate, channelCallbackRef, isInteractive, receiveCallback, type CalledInstallation, type ReceiveOptions } from '@cs/notification';
import { EVENTING } from '@cs/jetstream';
import { answerRpc, LOGGER, refusal, type Logger } from '@cs/platform';
import type { Installations } from './installations.js';
import { INSTALLATIONS, RECEIVE_OPTIONS } from './tokens.js';

/** Of the 2.5 s that the gateway waits. */
const answerMs = 2_200;
const leastMs = 300;

/** What platforms call back. */
@Controller()
export class ChannelCallbacksController {
  readonly #receive;
  readonly #eventing: Eventing;
  readonly #installations: Installations;

  // eslint-disable-next-line max-params -- Nest injects by position
  constructor(@Inject(EVENTING) eventing: Eventing, @Inject(INSTALLATIONS) installations: Installations, @Inject(RECEIVE_OPTIONS) options: ReceiveOptions, @Inject(LOGGER) logger: Logger) {
    this.#eventing = eventing;
    this.#installations = installations;
    this.#receive = answerRpc(receiveChannelCallback, logger, async ({ callback_id, headers, body_base64, received_at_ms }): Promise<RpcReply<ChannelCallbackAnswer>> => {
      const called = await this.#calledAt(callback_id);
      if (called === undefined) return refusal('CHANNEL_NOT_FOUND', 'no channel has this address');
      const call = { headers, body: new Uint8Array(Buffer.from(body_base64, 'base64')), received_at_ms };
      const result = await receiveCallback(options, called, { call, deadline_ms: this.#deadline(received_at_ms) });
      return result.ok ? { ok: true, value: result.value } : result;
    });
  }

  /** The clock of the gateway may be another one. */
  #deadline(received_at_ms: PayloadOf<typeof receiveChannelCallback>['received_at_ms']): number {
    const now = this.#eventing.clock();
    return Math.max(now + leastMs, Math.min(received_at_ms, now) + answerMs);
  }

  /** The installation of an address, if it is one that is called back; also a disabled or removed one, which says so. */
  async #calledAt(callback_id: string): Promise<CalledInstallation | undefined> {
    const { state: bound } = await loadAggregate({ store: this.#eventing.store, aggregate: channelCallbackAggregate }, channelCallbackRef(callback_id));
    const opened = bound && (await this.#installations.current(bound, bound.channel_id));
    if (opened === undefined || opened.installed.channel.callback_id !== callback_id) return undefined;
    const { installed, adapter, pace } = opened;
    return isInteractive(adapter) ? { installed, adapter, pace } : undefined;
  }

  @MessagePattern(receiveChannelCallback.subject)
  receive(raw: unknown): Promise<RpcReply<ChannelCallbackAnswer>> {
    return this.#receive(raw);
  }
}
