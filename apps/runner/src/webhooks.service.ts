import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { RouteOptions } from '@cs/automation-application';
import type { Consumers, RunningConsumer } from '@cs/jetstream';
import { webhookConsumers } from './webhook-consumers.js';

/** Starts and stops what routes webhooks. */
export class WebhooksService implements OnApplicationBootstrap, OnModuleDestroy {
  #running: readonly RunningConsumer[] = [];

  constructor(private readonly parts: { readonly consumers: Consumers; readonly options: RouteOptions }) {}

  onApplicationBootstrap(): void {
    const { consumers, options } = this.parts;
    this.#running = webhookConsumers(options).map((definition) => consumers.start(definition));
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.#running.map((consumer) => consumer.stop()));
  }
}
