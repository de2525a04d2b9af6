import { streams } from '@cs/contracts';
import type { Position } from '@cs/kernel';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** What the log holds behind a position. */
export interface LogAhead {
  readonly commits: number;
  /** When the oldest of them was stored, Unix ms; `undefined` when there is none. */
  readonly oldestAtMs: number | undefined;
}

/** Somebody waits for the answer to read the metrics of a process. */
const patienceMs = 1000;

/** Throws when the broker does not answer in time. */
export const logAhead = async (nc: NatsConnection, position: Position): Promise<LogAhead> => {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: patienceMs });
  const { state: { last_seq } } = await jsm.streams.info(streams.log.name);
  if (last_seq <= position) return { commits: 0, oldestAtMs: undefined };
  const oldest = await jsm.direct.getMessage(streams.log.name, { seq: position + 1 });
  return { commits: last_seq - position, oldestAtMs: oldest?.time.getTime() };
};
