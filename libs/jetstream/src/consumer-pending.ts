import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { DurableConsumer } from './ensure-consumer.js';

/** Somebody waits for the figures of the whole process. */
const patienceMs = 1000;

/** Messages of a durable consumer that no process has been given yet. Throws when the broker does not say. */
export const pendingOf = async (nc: NatsConnection, { stream, durable }: Pick<DurableConsumer, 'stream' | 'durable'>): Promise<number> => {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: patienceMs });
  return (await jsm.consumers.info(stream, durable)).num_pending;
};
