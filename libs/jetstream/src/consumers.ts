import type { Eventing } from '@cs/eventing';
import type { NatsConnection } from '@nats-io/transport-node';
import { startConsumer, type ConsumerSpec, type RunningConsumer } from './consumer.adapter.js';
import { openDeadLetter } from './dead-letter.adapter.js';
import { TenantQueues, type TenantQueuesSpec } from './tenant-queues.adapter.js';

export type ConsumerDefinition = Omit<ConsumerSpec, 'nc' | 'setAside' | 'onError'>;

/** What every runnable run is handled by, and how many at a time. */
export type TenantQueuesDefinition = Omit<TenantQueuesSpec, 'nc' | 'setAside' | 'onError'>;

interface ConsumersOptions {
  readonly nc: NatsConnection;
  readonly eventing: Eventing;
  readonly onError: (error: unknown, consumer: string) => void;
}

/** Starts a service's consumers with what they share: connection, dead letters, logging. */
export class Consumers {
  readonly #options: ConsumersOptions;

  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  start(definition: ConsumerDefinition): RunningConsumer {
    const { nc, eventing, onError } = this.#options;
    return startConsumer({
      ...definition, nc,
      setAside: (letter) => openDeadLetter(eventing, letter),
      onError: (error) => onError(error, definition.durable),
    });
  }

  /** Starts taking the runnable runs of all tenants, in fair turns. */
  startTenantQueues(definition: TenantQueuesDefinition): RunningConsumer {
    const { nc, eventing, onError } = this.#options;
    return new TenantQueues({ ...definition, nc, setAside: (letter) => openDeadLetter(eventing, letter), onError: (error) => onError(error, 'runner--queued-runs') });
  }
}
