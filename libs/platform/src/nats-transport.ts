import { Transport, type NatsOptions } from '@nestjs/microservices';
import { natsServers } from './nats-servers.js';
import { PacketSerializer } from './written-replies.js';

/**
 * Nest's NATS transport for commands and queries. One queue group for all services: each subject has
 * one responder, also where a single process and separate services share a broker.
 */
export const natsTransport = ({ url, name }: { readonly url: string; readonly name: string }): NatsOptions => ({
  transport: Transport.NATS,
  options: {
    ...natsServers(url), name, queue: 'countersign',
    maxReconnectAttempts: -1, reconnectTimeWait: 250, waitOnFirstConnect: true, gracefulShutdown: true, gracePeriod: 2000, noAsyncTraces: true, serializer: new PacketSerializer(),
  },
});
