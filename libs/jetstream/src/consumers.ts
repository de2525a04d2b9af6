import type { Eventing } from '@cs/eventing';
import type { NatsConnection } from '@nats-io/transport-node';
import { startConsumer, type ConsumerSpec, type RunningConsumer } from './consumer.adapter.js';
import { openDeadLetter } from './dead-letter.adapter.js';

export type ConsumerDefinition = Omit<ConsumerSpec, 'nc' | 'setAside' | 'onError'>;

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
}
