import { streams } from '@cs/contracts';
import { noPosition, toPosition, type Position } from '@cs/kernel';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { hasCode } from './nats-error-codes.js';

/** Position of the newest commit of the log; 0 when it is empty or not there. */
export const logEnd = async (nc: NatsConnection): Promise<Position> => {
  try {
    const { state } = await (await jetstreamManager(nc, { checkAPI: false })).streams.info(streams.log.name);
    return toPosition(state.last_seq);
  } catch (error) {
    if (hasCode(error, 'streamNotFound')) return noPosition;
    throw error;
  }
};
