import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { Eventing } from '@cs/eventing';
import { HEALTH, LOGGER, METRICS, sha256Hex, systemClock, type HealthRegistry, type Logger } from '@cs/platform';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { ConsumerMetrics } from './consumer-metrics.js';
import { Consumers } from './consumers.js';
import { ensureStreams } from './ensure-streams.js';
import { JetStreamEventPublisher } from './event-publisher.adapter.js';
import { JetStreamEventStore } from './jetstream-event-store.adapter.js';
import { JetStreamLogReader } from './log-reader.adapter.js';
import { connectNats, endConnection, type NatsOptions } from './nats-connection.js';
import { answerPresence } from './presence.js';
import { SignalledProjectionProgress } from './projection-progress.adapter.js';
import { LogBeingRestoredError } from './restore-mark.js';
import { CONSUMERS, EVENTING, EVENT_PUBLISHER, LOG_READER, NATS_CONNECTION, PROJECTION_PROGRESS } from './tokens.js';

/** Ends the connection after every consumer of the process has stopped. */
class NatsLifetime implements OnApplicationShutdown {
  readonly #nc: NatsConnection;
  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }
  onApplicationShutdown(): Promise<void> {
    return endConnection(this.#nc);
  }
}

const restoreRetryMs = 1000;

/**
 * A log that is being restored is incomplete: who acted on it would do again what was done later. Whoever
 * restores sets its mark and then asks who is there; we say that we are and then look for the mark. So one
 * of the two finds the other.
 */
const joinOnceRestored = async (nc: NatsConnection, { name, logger }: { readonly name: string; readonly logger: Logger }): Promise<void> => {
  for (;;) {
    const presence = answerPresence(nc, name);
    await nc.flush();
    try {
      return await ensureStreams(nc);
    } catch (error) {
      if (!(error instanceof LogBeingRestoredError)) throw error;
      presence.unsubscribe();
      logger.warn({ err: error }, 'waiting for the log');
    }
    await delay(restoreRetryMs);
  }
};

const open = async (options: NatsOptions, { health, logger }: { readonly health: HealthRegistry; readonly logger: Logger }): Promise<NatsConnection> => {
  const nc = await connectNats(options);
  // Order matters at start: the streams are there before anything publishes or consumes.
  await joinOnceRestored(nc, { name: options.name, logger });
  health.register('nats', async () => {
    await nc.flush();
  });
  return nc;
};

/** The log, its readers and its consumers, on one connection per process. Needs PlatformModule. */
@Module({})
export class NatsModule {
  static forRoot(options: NatsOptions): DynamicModule {
    const fromConnection = <Value>(provide: symbol, create: (nc: NatsConnection, logger: Logger) => Value) => ({ provide, inject: [NATS_CONNECTION, LOGGER], useFactory: create });
    const shared = [EVENTING, LOG_READER, EVENT_PUBLISHER, PROJECTION_PROGRESS, CONSUMERS, NATS_CONNECTION];
    return {
      module: NatsModule,
      global: true,
      providers: [
        { provide: NATS_CONNECTION, inject: [HEALTH, LOGGER], useFactory: (health: HealthRegistry, logger: Logger) => open(options, { health, logger }) },
        { provide: NatsLifetime, inject: [NATS_CONNECTION], useFactory: (nc: NatsConnection) => new NatsLifetime(nc) },
        fromConnection(EVENTING, (nc): Eventing => ({ store: new JetStreamEventStore(nc), clock: systemClock, digest: sha256Hex })),
        fromConnection(LOG_READER, (nc, logger) => new JetStreamLogReader(nc, { onError: (error) => logger.warn({ err: error }, 'reading the log was interrupted') })),
        fromConnection(EVENT_PUBLISHER, (nc) => new JetStreamEventPublisher(nc)),
        fromConnection(PROJECTION_PROGRESS, (nc) => new SignalledProjectionProgress(nc)),
        {
          provide: CONSUMERS, inject: [NATS_CONNECTION, EVENTING, LOGGER, METRICS],
          useFactory: (...[nc, eventing, logger, registry]: [NatsConnection, Eventing, Logger, Registry]) =>
            new Consumers({ nc, eventing, metrics: new ConsumerMetrics(registry), onError: (error, consumer) => logger.warn({ err: error, consumer }, 'consumer error') }),
        },
      ],
      exports: shared,
    };
  }
}
