import type { ConsumerDefinition, ConsumerMessage } from '@cs/jetstream';
import type { ConsumerOutcome } from '@cs/eventing';

interface Stored {
  readonly stream: string;
  readonly subject: string;
  readonly text: string;
}

interface Pending {
  readonly definition: ConsumerDefinition;
  readonly position: number;
  deliveries: number;
  notBeforeMs: number;
}

const matches = (filter: string, subject: string): boolean => {
  const tokens = subject.split('.');
  const wanted = filter.split('.');
  const isPrefix = wanted.at(-1) === '>';
  return (isPrefix ? tokens.length >= wanted.length : tokens.length === wanted.length) && wanted.every((token, index) => token === '>' || token === '*' || token === tokens[index]);
};

/** A delivery that the caller handles and then settles. */
export interface InMemoryDelivery {
  readonly definition: ConsumerDefinition;
  readonly message: ConsumerMessage;
  /** As the broker takes it: gone, or again later. What is given up is a failure here. */
  settle(outcome: ConsumerOutcome): void;
}

/**
 * Streams and durable consumers as the services use them: each message goes to each consumer whose
 * filters match, until that has settled it. One process handles one message at a time.
 */
export class InMemoryBroker {
  readonly #messages: Stored[] = [];
  readonly #durables = new Map<string, { definition: ConsumerDefinition; next: number }>();
  readonly #pending: Pending[] = [];
  readonly givenUp: string[] = [];
  deliveries = 0;

  publish(stream: string, subject: string, text: string): void {
    this.#messages.push({ stream, subject, text });
  }

  /** The consumers of a process that has just started; durables go on where they were. */
  subscribe(definitions: readonly ConsumerDefinition[]): void {
    for (const definition of definitions) {
      const next = this.#durables.get(definition.durable)?.next ?? 0;
      this.#durables.set(definition.durable, { definition, next });
    }
  }

  /** The oldest message that may be delivered now. */
  next(nowMs: number): InMemoryDelivery | undefined {
    this.#route();
    const pending = this.#pending.find(({ notBeforeMs }) => notBeforeMs <= nowMs);
    return pending && this.#deliver(pending, nowMs);
  }

  /** When the next message may be delivered that waits for its time. */
  get nextAtMs(): number | undefined {
    return this.#pending.length === 0 ? undefined : Math.min(...this.#pending.map(({ notBeforeMs }) => notBeforeMs));
  }

  #route(): void {
    for (const durable of this.#durables.values()) {
      for (; durable.next < this.#messages.length; durable.next += 1) {
        const stored = this.#messages[durable.next];
        const { definition } = durable;
        const isWanted = stored?.stream === definition.stream && definition.filters.some((filter) => matches(filter, stored.subject));
        if (isWanted) this.#pending.push({ definition, position: durable.next, deliveries: 0, notBeforeMs: 0 });
      }
    }
  }

  #deliver(pending: Pending, nowMs: number): InMemoryDelivery {
    const { subject = '', text = '' } = this.#messages[pending.position] ?? {};
    const definition = this.#durables.get(pending.definition.durable)?.definition ?? pending.definition;
    pending.deliveries += 1;
    this.deliveries += 1;
    const deliveryCount = pending.deliveries;
    // Positions are those of the log, which alone publishes to its stream.
    const position = this.#messages.slice(0, pending.position + 1).filter(({ stream }) => stream === definition.stream).length;
    return {
      definition,
      message: { subject, position, deliveryCount, header: () => '', text: () => text },
      settle: (outcome) => {
        if (outcome.kind === 'retry-later') pending.notBeforeMs = nowMs + Math.max(1, outcome.delayMs);
        else this.#pending.splice(this.#pending.indexOf(pending), 1);
        if (outcome.kind === 'give-up') this.givenUp.push(`${definition.durable}: ${outcome.reason}`);
      },
    };
  }
}
