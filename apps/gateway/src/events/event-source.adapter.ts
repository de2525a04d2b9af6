import { cloudEventHeaders, streams } from '@cs/contracts';
import { DeliverPolicy, jetstream, jetstreamManager, type Consumer, type ConsumerMessages, type JetStreamClient, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import type { EventId } from './event-id.js';
import { findStart, type EventSequence, type Start } from './find-start.js';

/** Answers of the broker to one of our requests. */
const timeoutMs = 3000;
/** Messages that may wait in this process for one client. */
const maxMessages = 256;
/** A consumer whose gateway was killed goes away by itself after this. */
const inactiveMs = 30_000;

/** An open, ordered view of the published events. */
export interface EventSubscription {
  readonly messages: ConsumerMessages;
  readonly gap: boolean;
  /** Ends the messages and removes the consumer from the server. */
  close(): Promise<void>;
}

interface Request {
  readonly subjects: readonly string[];
  /** Absent: from now on. */
  readonly after: EventId | undefined;
}

const idOf = ({ header }: StoredMsg): EventId => ({ position: Number(header.get(cloudEventHeaders.position)), index: Number(header.get(cloudEventHeaders.index)) });

/** Reads CS_EVENTS for one client at a time. */
export class EventSource {
  readonly #client: JetStreamClient;
  readonly #manager: Promise<JetStreamManager>;

  constructor(nc: NatsConnection) {
    this.#client = jetstream(nc, { timeout: timeoutMs });
    this.#manager = jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
  }

  /** Throws when the broker does not answer. */
  async open({ subjects, after }: Request): Promise<EventSubscription> {
    const start = await this.#start(after);
    // A start by sequence, also for "now": a consumer that is made again after an outage then misses nothing.
    const consumer = await this.#client.consumers.get(streams.events.name, {
      filter_subjects: [...subjects], deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.sequence, inactive_threshold: nanos(inactiveMs),
    });
    const messages = await consumer.consume({ max_messages: maxMessages });
    return { messages, gap: start.gap, close: () => this.#close(consumer, messages) };
  }

  async #close(consumer: Consumer, messages: ConsumerMessages): Promise<void> {
    messages.stop();
    await consumer.delete();
  }

  async #start(after: EventId | undefined): Promise<Start> {
    const manager = await this.#manager;
    const { state } = await manager.streams.info(streams.events.name);
    const stream: EventSequence = { first: state.messages === 0 ? state.last_seq + 1 : state.first_seq, last: state.last_seq, at: (sequence) => this.#at(manager, sequence) };
    return after === undefined ? { sequence: state.last_seq + 1, gap: false } : findStart(after, stream);
  }

  async #at(manager: JetStreamManager, sequence: number): Promise<{ readonly sequence: number; readonly id: EventId } | undefined> {
    const message = await manager.direct.getMessage(streams.events.name, { seq: sequence, next_by_subj: '>' });
    return message === null ? undefined : { sequence: message.seq, id: idOf(message) };
  }
}
