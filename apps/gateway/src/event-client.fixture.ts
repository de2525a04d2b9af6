import { JetStreamEventPublisher } from '@cs/jetstream';
import { toPosition } from '@cs/kernel';
import type { NatsConnection } from '@nats-io/transport-node';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { eventually } from './gateway.fixture.js';

export interface ReceivedEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

export interface EventClient {
  readonly status: number;
  readonly received: ReceivedEvent[];
  readonly comments: () => number;
  /** Resolves when the server ended or broke the stream. */
  readonly ended: Promise<void>;
  readonly response: IncomingMessage;
  until(count: number): Promise<readonly ReceivedEvent[]>;
  close(): void;
}

const field = (block: string, name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];

interface Open {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client of server-sent events that reads as they come. Resolves with the headers of the answer. */
export const openEvents = ({ port }: { readonly port: number }, { query = '', headers = {} }: Open = {}): Promise<EventClient> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path: `/automations/v2/events${query}`, headers, agent: false }, (response) => {
      const received: ReceivedEvent[] = [];
      let comments = 0;
      let rest = '';
      const ended = new Promise<void>((end) => response.once('close', end));
      response.on('error', () => undefined);
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          if (block.startsWith(':')) comments += 1;
          const data = field(block, 'data');
          if (data !== undefined) received.push({ id: field(block, 'id'), event: field(block, 'event'), data });
        }
      });
      const until = async (count: number): Promise<readonly ReceivedEvent[]> => {
        await eventually(`${count} events (there are ${received.length})`, () => received.length >= count);
        return received;
      };
      resolve({ status: response.statusCode ?? 0, received, comments: () => comments, ended, response, until, close: () => sent.destroy() });
    });
    sent.on('error', reject);
    sent.end();
  });

interface ToPublish {
  readonly org_id?: string;
  readonly workspace_id?: string;
  readonly run_id?: string;
  readonly type?: string;
  readonly position: number;
  readonly index?: number;
  readonly data?: string;
}

/** Publishes as the projector does. */
export class TestPublisher {
  readonly #publisher: JetStreamEventPublisher;

  constructor(nc: NatsConnection) {
    this.#publisher = new JetStreamEventPublisher(nc);
  }

  async publish(...events: readonly ToPublish[]): Promise<void> {
    await this.#publisher.publish(events.map(({ org_id = 'acme', workspace_id = 'ops', run_id = 'r1', type = 'run_completed', position, index = 0, data = '' }) => ({
      ref: { org_id, workspace_id, aggregate: 'run', id: run_id }, position: toPosition(position), index,
      event: { event_id: `${org_id}-${position}-${index}`, event_type: type, aggregate: 'run', aggregate_id: run_id, org_id, workspace_id, seq: position, position, status: 'completed', occurred_at_ms: position, data },
    })));
  }
}
