import { statusSubjects, streams } from '@cs/contracts';
import { appendEvents, unwritten, type Eventing } from '@cs/eventing';
import { attempt, attemptLog, attemptLogRef, eventually, sha256, startTestNats, type TestNats } from '@cs/testing';
import { jetstream, jetstreamManager, type ConsumerInfo, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ensureStreams } from './ensure-streams.js';
import { JetStreamEventStore } from './jetstream-event-store.adapter.js';
import { connectNats } from './nats-connection.js';

/** A server of its own with all streams, and a connection that watches from outside of what is tested. */
export interface TestLog {
  readonly nats: TestNats;
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly eventing: Eventing;
  /** A further connection, closed with the rest. */
  connect(url?: string): Promise<NatsConnection>;
  /** Waits until the watching connection is served (again). */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Short, because what is asked while the server is killed is never answered. */
const apiTimeoutMs = 500;

export const startTestLog = async (): Promise<TestLog> => {
  const nats = await startTestNats();
  const connections: NatsConnection[] = [];
  const connect = async (url = nats.url): Promise<NatsConnection> => {
    const nc = await connectNats({ url, name: 'test' });
    connections.push(nc);
    return nc;
  };
  const nc = await connect();
  await ensureStreams(nc);
  const jsm = await jetstreamManager(nc, { timeout: apiTimeoutMs });
  return {
    nats, nc, connect, jsm,
    ready: async () => {
      await eventually(() => jsm.getAccountInfo());
    },
    eventing: { store: new JetStreamEventStore(nc), clock: () => Date.now(), digest: sha256 },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await nats.stop();
    },
  };
};

/** Writes commits to aggregates of their own; answers their positions, in order. */
export const writeCommits = async ({ eventing }: TestLog, ids: readonly string[], reason = 'because'): Promise<readonly number[]> => {
  const written = await Promise.all(ids.map(async (id) => {
    const result = await appendEvents({ eventing, aggregate: attemptLog }, unwritten(attemptLog, attemptLogRef(id)), { events: [attempt(1, reason)], context: { at_ms: 1 } });
    if (result.kind === 'conflict') throw new Error(`${id} was used before`);
    return Number(result.loaded.position);
  }));
  return written.sort((a, b) => a - b);
};

/** The queue of one test: messages of a status that no other test uses. */
export const queueOf = ({ nc, jsm }: TestLog, status: string, durable: string) => ({
  filters: [statusSubjects('run', status)],
  publish: async (...ids: readonly string[]): Promise<void> => {
    for (const id of ids) await jetstream(nc).publish(`cs.log.acme.ops.run.${id}.${status}`, id, { msgID: `${status}/${id}`, timeout: 500, retries: 0 });
  },
  info: (): Promise<ConsumerInfo> => jsm.consumers.info(streams.log.name, durable),
  /** Everything was delivered, and everything delivered was answered. */
  isSettled: async (): Promise<boolean> => {
    const { num_pending, num_ack_pending } = await jsm.consumers.info(streams.log.name, durable);
    return num_pending === 0 && num_ack_pending === 0;
  },
});
