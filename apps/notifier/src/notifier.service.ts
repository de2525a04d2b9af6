import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Eventing } from '@cs/eventing';
import { CONSUMERS, EVENTING, type Consumers, type RunningConsumer } from '@cs/jetstream';
import { notifierConsumers } from './consumers.js';
import type { NotificationChannels } from './notification-channels.js';
import { CHANNELS } from './tokens.js';

/** Starts and stops what the notifier listens to. */
@Injectable()
export class NotifierService implements OnApplicationBootstrap, OnModuleDestroy {
  #consumers: readonly RunningConsumer[] = [];

  constructor(
    @Inject(CONSUMERS) private readonly consumers: Consumers,
    @Inject(EVENTING) private readonly eventing: Eventing,
    @Inject(CHANNELS) private readonly channels: NotificationChannels,
  ) {}

  onApplicationBootstrap(): void {
    const definitions = notifierConsumers({ eventing: this.eventing, channels: this.channels.all, publicUrl: this.channels.publicUrl, random: Math.random });
    this.#consumers = definitions.map((definition) => this.consumers.start(definition));
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    await this.channels.close();
  }
}
