import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Eventing } from '@cs/eventing';
import { AggregateWatch, CONSUMERS, EVENTING, NATS_CONNECTION, type Consumers, type RunningConsumer } from '@cs/jetstream';
import { askOpenGate, type OpenGates, type ReceiveOptions } from '@cs/notification';
import { LOGGER, type Logger } from '@cs/platform';
import type { NatsConnection } from '@nats-io/transport-node';
import { notifierConsumers } from './consumers.js';
import type { InstallationSenders } from './installation-senders.js';
import type { Installations } from './installations.js';
import type { NotificationChannels } from './notification-channels.js';
import { OpenGatesSweep } from './open-gates-sweep.js';
import { CHANNELS, INSTALLATION_SENDERS, INSTALLATIONS, OPEN_GATES, RECEIVE_OPTIONS } from './tokens.js';

/** Starts and stops what the notifier listens to. */
@Injectable()
export class NotifierService implements OnApplicationBootstrap, OnModuleDestroy {
  #consumers: readonly RunningConsumer[] = [];
  #watch: AggregateWatch | undefined;
  #sweep: OpenGatesSweep | undefined;
  #stopping = false;

  // eslint-disable-next-line max-params -- Nest injects by position
  constructor(
    @Inject(CONSUMERS) private readonly consumers: Consumers,
    @Inject(EVENTING) private readonly eventing: Eventing,
    @Inject(CHANNELS) private readonly channels: NotificationChannels,
    @Inject(INSTALLATIONS) private readonly installations: Installations,
    @Inject(INSTALLATION_SENDERS) private readonly senders: InstallationSenders,
    @Inject(RECEIVE_OPTIONS) private readonly receiving: ReceiveOptions,
    @Inject(OPEN_GATES) private readonly openGates: OpenGates,
    @Inject(NATS_CONNECTION) private readonly nc: NatsConnection,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { installations, logger } = this;
    this.#watch = new AggregateWatch({
      nc: this.nc, aggregate: 'channel', onChange: (ref) => installations.refresh(ref),
      onError: (error) => logger.warn({ err: error }, 'watching the channels was interrupted'),
    });
    void this.#watch.ready.then(() => this.#start());
  }

  /** Gates are routed once every installation is known. */
  #start(): void {
    if (this.#stopping) return;
    const { eventing, channels, installations } = this;
    const definitions = notifierConsumers({ eventing, channels: channels.all, directory: installations, gate: this.receiving.gate, publicUrl: channels.publicUrl, random: Math.random });
    this.#consumers = [...definitions.map((definition) => this.consumers.start(definition)), this.consumers.startRetries('notifier')];
    this.#sweep = new OpenGatesSweep({
      gates: this.openGates, tenants: () => installations.tenants(), logger: this.logger,
      ask: (tenant, gate) => askOpenGate({ eventing, channels: [], directory: installations, publicUrl: channels.publicUrl }, tenant, gate),
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    await Promise.all([this.#watch?.stop(), this.#sweep?.stop()]);
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), this.senders.stop()]);
    await this.installations.close();
    await this.channels.close();
  }
}
