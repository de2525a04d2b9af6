import { streams } from '@cs/contracts';
import type { Eventing } from '@cs/eventing';
import { apart } from '@cs/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import { startConsumer, type ConsumerSpec, type RunningConsumer } from './consumer.adapter.js';
import type { ConsumerMetrics } from './consumer-metrics.js';
import { pendingOf } from './consumer-pending.js';
import { openDeadLetter } from './dead-letter.adapter.js';
import { handleTraced } from './handling-span.js';
import { retriesOf, type Handler } from './dead-letter-retries.js';
import { isQueue } from './tenant-queue.js';
import { TenantQueues, type TenantQueuesSpec } from './tenant-queues.adapter.js';

export type ConsumerDefinition = Omit<ConsumerSpec, 'nc' | 'setAside' | 'onError' | 'meter'>;

/** What every runnable run is handled by, and how many at a time. */
export type TenantQueuesDefinition = Omit<TenantQueuesSpec, 'nc' | 'setAside' | 'onError' | 'meter'>;

const queuedRuns = 'runner--queued-runs';

interface ConsumersOptions {
  readonly nc: NatsConnection;
  readonly eventing: Eventing;
  readonly onError: (error: unknown, consumer: string) => void;
  readonly metrics?: ConsumerMetrics;
}

/** Starts a service's consumers with what they share: connection, dead letters, logging. */
export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #handlers = new Map<string, Handler>();
  #queues: Handler | undefined;

  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  start(definition: ConsumerDefinition): RunningConsumer {
    const { nc, eventing, onError, metrics } = this.#options;
    this.#handlers.set(definition.durable, definition.handle);
    metrics?.watchPending(definition.durable, () => pendingOf(nc, definition));
    return apart(() => startConsumer({
      ...definition, nc, meter: metrics,
      handle: (message) => handleTraced(definition, message, definition.handle),
      setAside: (letter) => openDeadLetter(eventing, letter),
      onError: (error) => onError(error, definition.durable),
    }));
  }

  /** Starts taking the runnable runs of all tenants, in fair turns. */
  startTenantQueues(definition: TenantQueuesDefinition): RunningConsumer {
    const { nc, eventing, onError, metrics } = this.#options;
    this.#queues = definition.handle;
    return new TenantQueues({
      ...definition, nc, meter: metrics,
      handle: (message) => handleTraced({ stream: streams.log.name, durable: queuedRuns }, message, definition.handle),
      setAside: (letter) => openDeadLetter(eventing, letter),
      onError: (error) => onError(error, queuedRuns),
    });
  }

  /** Starts to handle once more what the consumers of a service set aside, when an operator asks for it. */
  startRetries(service: string): RunningConsumer {
    const { nc, eventing } = this.#options;
    return this.start(retriesOf({ service, nc, eventing, handlerOf: (consumer) => this.#handlers.get(consumer) ?? (isQueue(consumer) ? this.#queues : undefined) }));
  }
}
