import { streams } from '@cs/contracts';
import { toPosition, type Position } from '@cs/kernel';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** Position of the newest commit of the log; 0 when it is empty. */
export const logEnd = async (nc: NatsConnection): Promise<Position> => {
  const { state } = await (await jetstreamManager(nc, { checkAPI: false })).streams.info(streams.log.name);
  return toPosition(state.last_seq);
};
