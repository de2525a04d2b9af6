import { AckPolicy, DeliverPolicy, jetstreamManager, type ConsumerConfig } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { hasCode } from './nats-error-codes.js';

/** What makes a durable consumer. */
export interface DurableConsumer {
  readonly nc: NatsConnection;
  readonly stream: string;
  /** Durable name: `<service>--<what it does>`. All instances of the service share it. */
  readonly durable: string;
  readonly filters: readonly string[];
  /** The lease: a message that is neither settled nor extended for so long goes to another instance. */
  readonly ackWaitMs: number;
  /** Messages handled at a time by one instance. */
  readonly maxInFlight: number;
  /** Messages that may wait for their next delivery before no new one is given out. Default 1000, or eight times `maxInFlight`. */
  readonly maxUnsettled?: number | undefined;
  /** Where a new durable starts: a number is a position of the stream. Default `all`. */
  readonly start?: 'all' | 'new' | number | undefined;
  /** Messages come without their body. Default false. */
  readonly headersOnly?: boolean | undefined;
}

export const apiTimeoutMs = 2000;

const startOf = (start: DurableConsumer['start'] = 'all'): Partial<ConsumerConfig> => {
  if (typeof start === 'number') return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start };
  return { deliver_policy: start === 'new' ? DeliverPolicy.New : DeliverPolicy.All };
};

/** Creates the consumer, or brings one that is there in line; where it stands is never changed. */
export const ensureConsumer = async ({ nc, stream, durable, filters, ackWaitMs, maxInFlight, maxUnsettled = Math.max(1000, maxInFlight * 8), start, headersOnly = false }: DurableConsumer): Promise<void> => {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: apiTimeoutMs });
  const changeable = {
    filter_subjects: [...filters], ack_wait: nanos(ackWaitMs), max_deliver: -1, max_ack_pending: maxUnsettled, ...(headersOnly ? { headers_only: true } : {}),
  };
  try {
    await jsm.consumers.add(stream, { durable_name: durable, ack_policy: AckPolicy.Explicit, ...startOf(start), ...changeable });
  } catch (error) {
    if (!hasCode(error, 'consumerConfigDiffers')) throw error;
    await jsm.consumers.update(stream, durable, changeable);
  }
};
