import { cloudEventHeaders, cloudEventTypePrefix, eventSubject, streams } from '@cs/contracts';
import { PublisherFencedError, type EventPublisher, type EventToPublish } from '@cs/eventing';
import { toPosition, type Position } from '@cs/kernel';
import { JetStreamApiError, jetstreamManager, type JetStreamManager, type PubAck } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { unlessReconnected } from './connection-watch.js';
import { hasCode } from './nats-error-codes.js';

/** Messages sent before one is asked for its acknowledgement. */
const chunkSize = 500;
const ackTimeoutMs = 5000;
const source = '/countersign/projector';

interface LastPublished {
  readonly position: Position;
  readonly index: number;
}

/** What must stand last in the stream for a message to be stored. */
interface Predecessor {
  readonly sequence: number;
  /** Absent for the first of a chunk: a server that was started again may not know its last message's id. */
  readonly item?: EventToPublish | undefined;
}

/** The place in the log, not the event's id: content-derived ids of two tenants may be equal. */
const messageId = ({ position, index }: EventToPublish): string => `${position}-${index}`;

const eventHeaders = (published: EventToPublish, predecessor: Predecessor): MsgHdrs => {
  const { event, ref, position, index, traceparent } = published;
  const written = headers();
  written.set('Nats-Msg-Id', messageId(published));
  written.set('Nats-Expected-Last-Sequence', String(predecessor.sequence));
  if (predecessor.item !== undefined) written.set('Nats-Expected-Last-Msg-Id', messageId(predecessor.item));
  written.set(cloudEventHeaders.specVersion, '1.0');
  written.set(cloudEventHeaders.id, event.event_id);
  written.set(cloudEventHeaders.source, source);
  written.set(cloudEventHeaders.type, `${cloudEventTypePrefix}${event.event_type}`);
  written.set(cloudEventHeaders.subject, `${ref.aggregate}/${ref.id}`);
  written.set(cloudEventHeaders.time, new Date(event.occurred_at_ms).toISOString());
  written.set(cloudEventHeaders.contentType, 'application/json');
  written.set(cloudEventHeaders.position, String(position));
  written.set(cloudEventHeaders.index, String(index));
  if (traceparent !== undefined) written.set(cloudEventHeaders.traceParent, traceparent);
  return written;
};

/**
 * Publishes to CS_EVENTS. Every message names what it expects before it, so that of a whole chunk only
 * the last needs an answer: when it was stored, so were all before it, and a publisher that has been
 * replaced cannot add anything. The sequence alone would not do: after someone else's k messages the
 * (k + 1)th of a chunk finds the sequence it expects, and would follow what it does not belong to.
 */
export class JetStreamEventPublisher implements EventPublisher {
  readonly #nc: NatsConnection;
  readonly #jsm: Promise<JetStreamManager>;
  #lastSequence: number | undefined;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    this.#jsm = jetstreamManager(nc, { checkAPI: false });
  }

  async last(): Promise<LastPublished | undefined> {
    const jsm = await this.#jsm;
    const { state } = await jsm.streams.info(streams.events.name);
    this.#lastSequence = state.last_seq;
    if (state.messages === 0) return undefined;
    const message = await jsm.streams.getMessage(streams.events.name, { seq: state.last_seq });
    if (message === null) return undefined;
    return { position: toPosition(Number(message.header.get(cloudEventHeaders.position))), index: Number(message.header.get(cloudEventHeaders.index)) };
  }

  async publish(events: readonly EventToPublish[]): Promise<void> {
    if (this.#lastSequence === undefined) await this.last();
    for (let from = 0; from < events.length; from += chunkSize) await this.#publishChunk(events.slice(from, from + chunkSize));
  }

  async #publishChunk(chunk: readonly EventToPublish[]): Promise<void> {
    const first = this.#lastSequence ?? 0;
    this.#lastSequence = undefined;
    const final = chunk.at(-1);
    if (final === undefined) return;
    const headersAt = (offset: number, item: EventToPublish): MsgHdrs => eventHeaders(item, { sequence: first + offset, item: chunk[offset - 1] });
    for (const [offset, item] of chunk.slice(0, -1).entries()) {
      this.#nc.publish(eventSubject(item.ref, item.event.event_type), JSON.stringify(item.event), { headers: headersAt(offset, item) });
    }
    const answer = await unlessReconnected(this.#nc, this.#nc.request(eventSubject(final.ref, final.event.event_type), JSON.stringify(final.event), {
      headers: headersAt(chunk.length - 1, final), timeout: ackTimeoutMs,
    }));
    const ack: PubAck & { readonly error?: ConstructorParameters<typeof JetStreamApiError>[0] } = answer.json();
    if (ack.error) throw this.#refused(new JetStreamApiError(ack.error));
    this.#lastSequence = ack.seq;
  }

  #refused(error: JetStreamApiError): Error {
    return hasCode(error, 'wrongLastSequence') || hasCode(error, 'wrongLastMessageId') ? new PublisherFencedError('CS_EVENTS has other events than this publisher expected', { cause: error }) : error;
  }
}
