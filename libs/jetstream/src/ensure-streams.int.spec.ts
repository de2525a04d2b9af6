import { blobBucket, streams } from '@cs/contracts';
import { startTestNats, type TestNats } from '@cs/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ensureStreams } from './ensure-streams.js';
import { connectNats } from './nats-connection.js';

const names = [streams.log.name, streams.events.name, streams.timers.name, streams.turns.name, `OBJ_${blobBucket}`];

describe('the streams', () => {
  let nats: TestNats;
  let connections: NatsConnection[] = [];
  const connect = async (): Promise<NatsConnection> => {
    const nc = await connectNats({ url: nats.url, name: 'streams' });
    connections.push(nc);
    return nc;
  };

  beforeEach(async () => {
    nats = await startTestNats({ syncInterval: '1m' });
    connections = [];
  }, 60_000);
  afterEach(async () => {
    await Promise.all(connections.map((nc) => nc.close()));
    await nats.stop();
  });

  it('are made by several services that start at once', async () => {
    const services = await Promise.all([connect(), connect(), connect(), connect()]);
    await Promise.all(services.map((nc) => ensureStreams(nc)));
    const jsm = await jetstreamManager(await connect());
    expect((await Promise.all(names.map((name) => jsm.streams.info(name)))).map(({ config }) => config.name)).toEqual(names);
  });

  it('are left alone, with what they hold, by services that start later', async () => {
    const nc = await connect();
    await ensureStreams(nc);
    await jetstream(nc).publish('cs.log.acme.ops.run.r.queued', 'kept');
    const jsm = await jetstreamManager(nc);
    const before = await Promise.all(names.map((name) => jsm.streams.info(name)));
    await ensureStreams(nc);
    const after = await Promise.all(names.map((name) => jsm.streams.info(name)));
    expect(after.map(({ config }) => config)).toEqual(before.map(({ config }) => config));
    expect(after[0]?.state.messages).toBe(1);
  });

  it('are changed in place when an option changed', async () => {
    const nc = await connect();
    await ensureStreams(nc);
    await jetstream(nc).publish('cs.events.acme.ops.run.r.run_created', 'kept');
    await ensureStreams(nc, { eventsMaxAgeMs: 7 * 24 * 3_600_000 });
    const { config, state } = await (await jetstreamManager(nc)).streams.info(streams.events.name);
    expect(config.max_age).toBe(7 * 24 * 3_600_000 * 1_000_000);
    expect(state.messages).toBe(1);
  });

  it('keep the log from being shortened', async () => {
    const nc = await connect();
    await ensureStreams(nc);
    await jetstream(nc).publish('cs.log.acme.ops.run.r.queued', 'kept');
    const jsm = await jetstreamManager(nc);
    await expect(jsm.streams.deleteMessage(streams.log.name, 1)).rejects.toThrow();
    await expect(jsm.streams.purge(streams.log.name)).rejects.toThrow();
    expect((await jsm.streams.info(streams.log.name)).config).toMatchObject({ deny_delete: true, deny_purge: true, max_age: 0, max_msgs: -1, max_bytes: -1 });
  });
});
