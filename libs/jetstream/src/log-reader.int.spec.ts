import { streams } from '@cs/contracts';
import { LogDamagedError, type LogEntry } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import { eventually, startTestNats, tcpProxy } from '@cs/testing';
import { jetstream, jetstreamManager, type ConsumerInfo } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { blobHeader } from './commit-codec.js';
import { JetStreamLogReader } from './log-reader.adapter.js';
import { connectNats } from './nats-connection.js';
import { startTestLog, writeCommits, type TestLog } from './test-log.fixture.js';

const ids = (prefix: string, count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the log reader', () => {
  let log: TestLog;
  let reader: JetStreamLogReader;
  let errors: unknown[] = [];

  const readerOn = (nc: TestLog['nc']): JetStreamLogReader => new JetStreamLogReader(nc, { onError: (error) => errors.push(error) });
  const end = async (): Promise<number> => (await log.jsm.streams.info(streams.log.name)).state.last_seq;
  const consumers = async (): Promise<readonly ConsumerInfo[]> => log.jsm.consumers.list(streams.log.name).next();

  /** Reads in the background until it has `count` entries. */
  const collect = async (from: JetStreamLogReader, after: number, { count, maxEntries = 100 }: { count: number; maxEntries?: number }): Promise<{ entries: LogEntry[]; sizes: number[] }> => {
    const entries: LogEntry[] = [];
    const sizes: number[] = [];
    const stop = new AbortController();
    for await (const batch of from.batches(toPosition(after), { maxEntries, signal: stop.signal })) {
      sizes.push(batch.length);
      entries.push(...batch);
      if (entries.length >= count) stop.abort();
    }
    return { entries, sizes };
  };

  beforeAll(async () => {
    log = await startTestLog();
    reader = readerOn(log.nc);
  }, 60_000);
  beforeEach(() => {
    errors = [];
  });
  afterAll(() => log.close());

  it('gives every commit once, in order, in batches that are no larger than asked for', async () => {
    const after = await end();
    await writeCommits(log, ids('ordered', 700));
    const { entries, sizes } = await collect(reader, after, { count: 700, maxEntries: 64 });
    expect(entries.map(({ position }) => position)).toEqual(range(after + 1, after + 700));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64);
    expect(entries[0]).toMatchObject({ status: 'retrying', stored: { commit: { version: 1 } } });
    expect(entries[0]?.subject).toBe(`cs.log.acme.ops.delivery.${entries[0]?.ref.id}.retrying`);
    expect(errors).toEqual([]);
  }, 30_000);

  it('waits at the end of the log and gives what comes as it comes', async () => {
    const after = await end();
    const reading = collect(reader, after, { count: 3 });
    await eventually(async () => (await consumers()).some(({ num_waiting }) => num_waiting > 0));
    for (const id of ids('late', 3)) await writeCommits(log, [id]);
    expect((await reading).entries.map(({ ref }) => ref.id)).toEqual(ids('late', 3));
  });

  it('serves two readings at a time', async () => {
    const after = await end();
    await writeCommits(log, ids('twice', 50));
    const [one, two] = await Promise.all([collect(reader, after, { count: 50, maxEntries: 7 }), collect(reader, after + 20, { count: 30, maxEntries: 1000 })]);
    expect(one.entries.map(({ position }) => position)).toEqual(range(after + 1, after + 50));
    expect(two.entries.map(({ position }) => position)).toEqual(range(after + 21, after + 50));
  });

  it('takes no more from the server than two batches while nobody asks for the next', async () => {
    const after = await end();
    await writeCommits(log, ids('slow', 300));
    const stop = new AbortController();
    const batches = reader.batches(toPosition(after), { maxEntries: 10, signal: stop.signal });
    expect((await batches.next()).value).toHaveLength(10);
    await eventually(async () => (await consumers()).some(({ delivered, num_waiting }) => delivered.stream_seq === after + 30 && num_waiting === 0));
    expect((await batches.next()).value?.[0]?.position).toBe(after + 11);
    stop.abort();
    await batches.return(undefined);
  }, 30_000);

  it('goes on behind the last entry after the server was killed and started again', async () => {
    const after = await end();
    const found: number[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of reader.batches(toPosition(after), { maxEntries: 20, signal: stop.signal })) found.push(...batch.map(({ position }) => position));
    })();
    let killing = true;
    const writing = (async () => {
      for (let round = 0; killing; round += 1) await writeCommits(log, ids(`killed-${round}`, 10));
    })();
    for (let kill = 0; kill < 3; kill += 1) {
      const before = found.length;
      await eventually(() => found.length > before + 50);
      await log.nats.kill();
      await log.nats.start();
    }
    await log.ready();
    killing = false;
    await writing;
    const last = await end();
    await eventually(() => found.at(-1) === last);
    stop.abort();
    await reading;
    expect(found).toEqual(range(after + 1, last));
  }, 60_000);

  it('goes on after its connection was cut or stood still', async () => {
    const proxy = await tcpProxy({ port: log.nats.port });
    const after = await end();
    const nc = await log.connect(`nats://127.0.0.1:${proxy.port}`);
    const reading = collect(readerOn(nc), after, { count: 60 });
    await writeCommits(log, ids('cut-a', 20));
    proxy.kill();
    await writeCommits(log, ids('cut-b', 20));
    await eventually(() => !nc.isClosed() && proxy.connections > 1);
    proxy.pause();
    await writeCommits(log, ids('cut-c', 20));
    proxy.resume();
    expect((await reading).entries.map(({ position }) => position)).toEqual(range(after + 1, after + 60));
    await nc.close();
    await proxy.close();
  }, 30_000);

  it('starts over when the server has forgotten its consumer', async () => {
    const after = await end();
    const reading = collect(reader, after, { count: 2 });
    await writeCommits(log, ['forgotten-a']);
    const consumer = await eventually(async () => (await consumers()).find(({ num_waiting, delivered }) => num_waiting > 0 && delivered.stream_seq > after));
    await log.jsm.consumers.delete(streams.log.name, consumer.name);
    await writeCommits(log, ['forgotten-b']);
    expect((await reading).entries).toHaveLength(2);
    expect(errors).toHaveLength(1);
  });

  it('ends promptly when aborted: at the end of the log, before it began, and while nobody takes', async () => {
    const after = toPosition(await end());
    const waiting = new AbortController();
    const ended = (async () => {
      for await (const _batch of reader.batches(after, { maxEntries: 10, signal: waiting.signal }));
    })();
    await eventually(async () => (await consumers()).some(({ num_waiting }) => num_waiting > 0));
    waiting.abort();
    await eventually(() => ended.then(() => true), { timeoutMs: 900 });
    const aborted = reader.batches(toPosition(0), { maxEntries: 10, signal: AbortSignal.abort() });
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
    const untaken = new AbortController();
    const batches = reader.batches(toPosition(0), { maxEntries: 10, signal: untaken.signal });
    await batches.next();
    untaken.abort();
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  it('leaves no consumer behind when its taker leaves early', async () => {
    await writeCommits(log, ids('leave', 30));
    const before = (await consumers()).map(({ name }) => name);
    for await (const _batch of reader.batches(toPosition(0), { maxEntries: 10, signal: new AbortController().signal })) break;
    await eventually(async () => (await consumers()).every(({ name }) => before.includes(name)));
  });

  it('gives what it cannot read as it stands, says why, and goes on', async () => {
    const after = await end();
    const js = jetstream(log.nc);
    const withBlob = headers();
    withBlob.set(blobHeader, '1');
    const commit = (data: unknown, version = 1) => JSON.stringify({
      commit_id: 'x', previous: 0, version: 1, events: [{ event_id: 'e', event_type: 'delivery_attempt_failed', version, recorded_at_ms: 1, data }],
    });
    await js.publish('cs.log.acme.ops.delivery.odd-1.open', 'not json');
    await js.publish('cs.log.acme.ops.delivery.odd-2.open', '{}');
    await js.publish('cs.log.acme.ops.delivery.odd-3.open', commit({ attempt: 1 }, 7));
    await js.publish('cs.log.acme.ops.delivery.odd-4.open', commit({ attempt: 'one' }));
    await js.publish('cs.log.acme.ops.invention.odd-5.open', '{}');
    await js.publish('cs.log.acme.ops.delivery.odd-6.open', commit({ $blob: { digest: '0'.repeat(64), bytes: 5 } }), { headers: withBlob });
    await writeCommits(log, ['odd-7']);
    const { entries } = await collect(reader, after, { count: 7 });
    expect(entries.map(({ unreadable }) => unreadable ?? 'readable')).toEqual([
      expect.stringContaining('not JSON'),
      expect.stringContaining('commit_id'),
      expect.stringContaining('written by a newer release'),
      expect.stringContaining('attempt'),
      expect.stringContaining('is no subject of the log'),
      expect.stringContaining('The object store has no blob'),
      'readable',
    ]);
    expect(entries[0]).toMatchObject({ body: 'not json', ref: { id: 'odd-1' }, status: 'open' });
    expect(entries[5]?.body).toContain('$blob');
    expect(entries.every(({ stored }, index) => (stored === undefined) === index < 6)).toBe(true);
  });

  it('puts data that stands beside the log back in its place', async () => {
    const after = await end();
    const reason = 'large and ünusual '.repeat(20_000);
    await writeCommits(log, ['large'], reason);
    const { entries } = await collect(reader, after, { count: 1 });
    const stored = await log.jsm.direct.getMessage(streams.log.name, { seq: after + 1 });
    expect(stored?.data.length).toBeLessThan(2000);
    expect(entries[0]?.stored?.commit.events).toMatchObject([{ data: { reason } }]);
    expect(JSON.parse(entries[0]?.body ?? '{}')).toEqual(entries[0]?.stored?.commit);
  });

  it('refuses a log that ends before the position it is asked to go on from', async () => {
    await expect(collect(reader, (await end()) + 5, { count: 1 })).rejects.toThrow(LogDamagedError);
  });

  it('refuses a log with a hole', async () => {
    const nats = await startTestNats();
    const nc = await connectNats({ url: nats.url, name: 'hole' });
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: streams.log.name, subjects: [...streams.log.subjects] });
    for (const id of ['a', 'b', 'c']) await jetstream(nc).publish(`cs.log.acme.ops.delivery.${id}.open`, '{}');
    await jsm.streams.deleteMessage(streams.log.name, 2);
    await expect(collect(readerOn(nc), 0, { count: 3 })).rejects.toThrow('The log has no commit 2, but has commit 3');
    await nc.close();
    await nats.stop();
  }, 30_000);
});
