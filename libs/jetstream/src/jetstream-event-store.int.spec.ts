import { eventStoreContract, eventually, startTestNats, tcpProxy, type OpenedEventStore, type TcpProxy } from '@cs/testing';
import { streams } from '@cs/contracts';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { nanos, nuid, type NatsConnection } from '@nats-io/transport-node';
import { ensureStreams } from './ensure-streams.js';
import { JetStreamEventStore } from './jetstream-event-store.adapter.js';
import { connectNats } from './nats-connection.js';

const setDuplicateWindow = async (nc: NatsConnection, ms: number): Promise<void> => {
  const jsm = await jetstreamManager(nc);
  const { config } = await jsm.streams.info(streams.log.name);
  await jsm.streams.update(streams.log.name, { ...config, duplicate_window: nanos(ms) });
};

/** Waits until the server no longer knows an id that was published after all others. */
const forgetRecentCommits = async (nc: NatsConnection): Promise<void> => {
  const msgID = nuid.next();
  const isKnown = async (): Promise<boolean> => (await jetstream(nc).publish(`cs.log.probe.probe.dead_letter.${msgID}.open`, '{}', { msgID })).duplicate;
  await isKnown();
  await eventually(async () => !(await isKnown()));
};

const open = async (): Promise<OpenedEventStore> => {
  const nats = await startTestNats();
  const connections: NatsConnection[] = [];
  const proxies: TcpProxy[] = [];
  const connect = async (url: string): Promise<NatsConnection> => {
    const nc = await connectNats({ url, name: 'contract' });
    connections.push(nc);
    return nc;
  };
  const nc = await connect(nats.url);
  await ensureStreams(nc);
  // The shortest there is, from the first message on: the store must not depend on it.
  await setDuplicateWindow(nc, 100);
  return {
    store: new JetStreamEventStore(nc),
    reopen: async () => {
      await nats.kill();
      await nats.start();
      return new JetStreamEventStore(await connect(nats.url));
    },
    forgetRecentCommits: () => forgetRecentCommits(nc),
    losingAnswers: async () => {
      const proxy = await tcpProxy({ port: nats.port });
      proxies.push(proxy);
      const store = new JetStreamEventStore(await connect(`nats://127.0.0.1:${proxy.port}`));
      return { store, loseNext: (then) => proxy.drop({ request: 'HPUB cs.log.', answer: '"stream":"CS_LOG"', then }) };
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await nats.stop();
    },
  };
};

eventStoreContract('the log on JetStream', { open });
