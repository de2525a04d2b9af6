import { streams } from '@cs/contracts';
import { deadLetterAggregate, done, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import { eventually, tcpProxy } from '@cs/testing';
import { AckPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Registry } from 'prom-client';
import { startConsumer, type ConsumerMessage, type DeadLetter, type RunningConsumer } from './consumer.adapter.js';
import { ConsumerMetrics } from './consumer-metrics.js';
import { Consumers, type ConsumerDefinition } from './consumers.js';
import { queueOf, startTestLog, type TestLog } from './test-log.fixture.js';

interface Seen {
  readonly text: string;
  readonly deliveryCount: number;
  readonly atMs: number;
}

/** Something that one side opens and the other waits for. */
const latch = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
};

describe('a consumer', () => {
  let log: TestLog;
  const running: RunningConsumer[] = [];
  let errors: unknown[] = [];
  let tests = 0;
  let status = '';
  let durable = '';
  let queue: ReturnType<typeof queueOf>;
  let seen: Seen[] = [];

  beforeAll(async () => {
    log = await startTestLog();
  }, 60_000);
  beforeEach(() => {
    tests += 1;
    status = `waiting_${tests}`;
    durable = `test--consumer-${tests}`;
    queue = queueOf(log, status, durable);
    seen = [];
    errors = [];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  });
  afterAll(() => log.close());

  const see = (message: ConsumerMessage): void => void seen.push({ text: message.text(), deliveryCount: message.deliveryCount, atMs: performance.now() });
  const texts = (): readonly string[] => seen.map(({ text }) => text);

  const definition = (handle: (message: ConsumerMessage) => Promise<ConsumerOutcome>, changes: Partial<ConsumerDefinition> = {}): ConsumerDefinition => ({
    stream: streams.log.name, durable, filters: queue.filters, ackWaitMs: 30_000, maxInFlight: 8, maxDeliver: 5,
    handle: (message) => {
      see(message);
      return handle(message);
    },
    ...changes,
  });
  const start = (handle: (message: ConsumerMessage) => Promise<ConsumerOutcome>, changes: Partial<ConsumerDefinition> & { readonly nc?: NatsConnection } = {}): RunningConsumer => {
    const { nc = log.nc, ...rest } = changes;
    const consumers = new Consumers({ nc, eventing: log.eventing, onError: (error) => errors.push(error) });
    const consumer = consumers.start(definition(handle, rest));
    running.push(consumer);
    return consumer;
  };
  /** Extensions of leases that reach the broker. */
  const countExtensions = (): (() => number) => {
    let count = 0;
    log.nc.subscribe(`$JS.ACK.${streams.log.name}.${durable}.>`, { callback: (_error, message) => void (message.string() === '+WPI' && (count += 1)) });
    return () => count;
  };
  const deadLetter = async (position: number): Promise<StoredCommit | undefined> =>
    log.eventing.store.last({ org_id: 'acme', workspace_id: 'ops', aggregate: 'dead_letter', id: `${durable}-${position}` });
  const positionOf = async (id: string): Promise<number> => {
    const message = await log.jsm.direct.getMessage(streams.log.name, { last_by_subj: `cs.log.acme.ops.run.${id}.${status}` });
    return message?.seq ?? 0;
  };

  it('acknowledges what is done, and gets it once', async () => {
    start(() => Promise.resolve(done));
    await queue.publish('a', 'b', 'c');
    await eventually(async () => seen.length === 3 && (await queue.isSettled()));
    expect(texts()).toEqual(['a', 'b', 'c']);
    expect((await queue.info()).num_redelivered).toBe(0);
  });

  it('is counted: what came again, how each message ended, and what still waits', async () => {
    const registry = new Registry();
    const answers: Readonly<Record<string, (deliveries: number) => Promise<ConsumerOutcome>>> = {
      ok: () => Promise.resolve(done), later: (deliveries) => Promise.resolve(deliveries === 1 ? retryLater(10, 'busy') : done),
      throws: (deliveries) => (deliveries === 1 ? Promise.reject(new Error('boom')) : Promise.resolve(done)), never: () => Promise.resolve(giveUp('no such thing')),
    };
    const consumers = new Consumers({ nc: log.nc, eventing: log.eventing, metrics: new ConsumerMetrics(registry), onError: (error) => errors.push(error) });
    running.push(consumers.start(definition((message) => answers[message.text()]?.(message.deliveryCount) ?? Promise.resolve(done))));
    await queue.publish('ok', 'later', 'throws', 'never');
    await eventually(queue.isSettled);
    await eventually(() => seen.length === 6);
    const figures = async () => (await registry.metrics()).split('\n').filter((line) => line.includes(`consumer="${durable}"`));
    const text = await eventually(async () => {
      const lines = await figures();
      return lines.includes(`countersign_consumer_in_flight{consumer="${durable}"} 0`) ? lines : undefined;
    });
    for (const [outcome, count] of Object.entries({ done: 3, retry: 1, failed: 1, dead_letter: 1 })) expect(text).toContain(`countersign_consumer_messages_total{consumer="${durable}",outcome="${outcome}"} ${count}`);
    expect(text).toContain(`countersign_consumer_redeliveries_total{consumer="${durable}"} 2`);
    expect(text).toContain(`countersign_consumer_pending{consumer="${durable}"} 0`);
    expect(text).toContain(`countersign_consumer_handling_seconds_count{consumer="${durable}"} 6`);
  });

  it('gets a message again after the delay it asked for', async () => {
    start((message) => Promise.resolve(message.deliveryCount === 1 ? retryLater(400, 'busy') : done));
    await queue.publish('a');
    await eventually(async () => seen.length === 2 && (await queue.isSettled()));
    expect((seen[1]?.atMs ?? 0) - (seen[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(390);
    expect(seen[1]?.deliveryCount).toBe(2);
  });

  it('sets aside what can never be handled, with its reason, and lets go of it', async () => {
    start(() => Promise.resolve(giveUp('no such thing')));
    await queue.publish('a');
    const letter = await eventually(async () => deadLetter(await positionOf('a')));
    expect(letter.commit.events).toMatchObject([{
      event_type: 'dead_letter_opened',
      data: { consumer: durable, stream: streams.log.name, subject: `cs.log.acme.ops.run.a.${status}`, deliveries: 1, reason: 'no such thing' },
    }]);
    await eventually(queue.isSettled);
    expect(seen).toHaveLength(1);
    expect((await loadAggregate({ store: log.eventing.store, aggregate: deadLetterAggregate }, letter.ref)).version).toBe(1);
  });

  it('does not let go of a message before it is set aside', async () => {
    const letters: DeadLetter[] = [];
    running.push(startConsumer({
      ...definition(() => Promise.resolve(giveUp('never')), { ackWaitMs: 300 }), nc: log.nc, onError: (error) => errors.push(error),
      setAside: (letter) => (letters.push(letter) === 1 ? Promise.reject(new Error('the log is away')) : Promise.resolve()),
    }));
    await queue.publish('a');
    await eventually(async () => letters.length === 2 && (await queue.isSettled()));
    expect(letters.map(({ reason }) => reason)).toEqual(['never', 'never']);
    expect(errors).toEqual([new Error('the log is away')]);
  });

  it('tries again after growing delays when the handler throws, then sets the message aside', async () => {
    start(() => {
      throw new Error('boom');
    }, { maxDeliver: 3 });
    await queue.publish('a');
    const letter = await eventually(async () => deadLetter(await positionOf('a')));
    expect(letter.commit.events).toMatchObject([{ data: { deliveries: 3, reason: 'boom (after 3 deliveries)' } }]);
    const [first = 0, second = 0, third = 0] = seen.map(({ atMs }) => atMs);
    expect(second - first).toBeGreaterThanOrEqual(240);
    expect(third - second).toBeGreaterThanOrEqual(490);
    await eventually(queue.isSettled);
    expect(errors).toHaveLength(3);
  });

  it('sets aside what was delivered too often without an answer, unseen: it may be what ends processes', async () => {
    await queue.publish('a');
    await log.jsm.consumers.add(streams.log.name, { durable_name: durable, ack_policy: AckPolicy.Explicit, filter_subjects: queue.filters });
    const crashing = await jetstream(log.nc).consumers.get(streams.log.name, durable);
    for (let crash = 0; crash < 2; crash += 1) (await crashing.next())?.nak();
    start(() => Promise.resolve(done), { maxDeliver: 2 });
    const letter = await eventually(async () => deadLetter(await positionOf('a')));
    expect(letter.commit.events).toMatchObject([{ data: { deliveries: 3, reason: 'delivered 3 times and never settled' } }]);
    expect(seen).toEqual([]);
  });

  it('keeps its lease while the handler takes longer than the lease, also for messages that wait their turn', async () => {
    const extensions = countExtensions();
    const release = latch();
    start(() => release.opened.then(() => done), { ackWaitMs: 300, maxInFlight: 1 });
    await queue.publish('a', 'b', 'c', 'd', 'e');
    await eventually(() => extensions() >= 8);
    release.open();
    await eventually(async () => seen.length >= 5 && (await queue.isSettled()));
    expect(seen.map(({ text, deliveryCount }) => `${text}${deliveryCount}`)).toEqual(['a1', 'b1', 'c1', 'd1', 'e1']);
  });

  it('handles no more at a time than it may, and takes nothing it has no room for', async () => {
    let inside = 0;
    let most = 0;
    start(async () => {
      inside += 1;
      most = Math.max(most, inside);
      // Until it was full once; then at the broker's pace.
      await eventually(() => most >= 3);
      await queue.info();
      inside -= 1;
      return done;
    }, { maxInFlight: 3 });
    await queue.publish(...Array.from({ length: 40 }, (_, index) => `m${index}`));
    await eventually(async () => {
      const { num_ack_pending } = await queue.info();
      expect(num_ack_pending).toBeLessThanOrEqual(3 + 3);
      return seen.length === 40 && (await queue.isSettled());
    });
    expect(most).toBe(3);
    expect(new Set(texts()).size).toBe(40);
  });

  it('leaves the message of an instance that died to another one', async () => {
    const never = latch();
    const connection = await log.connect();
    start(() => never.opened.then(() => done), { nc: connection, ackWaitMs: 500 });
    await queue.publish('a');
    await eventually(() => seen.length === 1);
    await connection.close();
    start(() => Promise.resolve(done), { ackWaitMs: 500 });
    await eventually(async () => seen.length === 2 && (await queue.isSettled()));
    never.open();
    expect(texts()).toEqual(['a', 'a']);
    // When this process stands still for a lease, the broker offers it to the first instance once more before that one dies.
    expect(seen[1]?.deliveryCount).toBeGreaterThanOrEqual(2);
  });

  it('does not handle a message twice at once when its lease ran out during an interruption', async () => {
    const proxy = await tcpProxy({ port: log.nats.port });
    const release = latch();
    const consumer = start(() => release.opened.then(() => done), { nc: await log.connect(`nats://127.0.0.1:${proxy.port}`), ackWaitMs: 400 });
    await queue.publish('a');
    await eventually(() => seen.length === 1);
    proxy.pause();
    await eventually(async () => (await queue.info()).num_redelivered === 1);
    proxy.resume();
    const before = (await queue.info()).delivered.consumer_seq;
    await eventually(async () => (await queue.info()).delivered.consumer_seq >= before);
    release.open();
    await eventually(queue.isSettled);
    expect(seen).toHaveLength(1);
    await consumer.stop();
    await proxy.close();
  });

  it('waits for its handlers when it stops, and hands everything else to others at once', async () => {
    const release = latch();
    const first = start(() => release.opened.then(() => done), { maxInFlight: 2 });
    await queue.publish('a', 'b', 'c', 'd');
    await eventually(() => seen.length === 2);
    let stopped = false;
    const stopping = first.stop().then(() => (stopped = true));
    start(() => Promise.resolve(done), { nc: await log.connect() });
    await eventually(() => seen.length === 4);
    expect(stopped).toBe(false);
    release.open();
    await stopping;
    await eventually(queue.isSettled);
    expect([...texts()].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(seen.every(({ deliveryCount }) => deliveryCount === 1)).toBe(true);
  });

  it('waits for its handlers also when it has room for more', async () => {
    const release = latch();
    const consumer = start(() => release.opened.then(() => done));
    await queue.publish('a');
    await eventually(() => seen.length === 1);
    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await eventually(async () => (await queue.info()).num_waiting === 0);
    expect(stopped).toBe(false);
    release.open();
    await stopping;
    await eventually(queue.isSettled);
  });

  it('hands back at once what was on its way to it when it stopped', async () => {
    const proxy = await tcpProxy({ port: log.nats.port });
    const consumer = start(() => Promise.resolve(done), { nc: await log.connect(`nats://127.0.0.1:${proxy.port}`) });
    await eventually(async () => (await queue.info()).num_waiting === 1);
    proxy.pause();
    await queue.publish('a');
    await eventually(async () => (await queue.info()).num_ack_pending === 1);
    const stopping = consumer.stop();
    proxy.resume();
    await stopping;
    expect(seen).toEqual([]);
    start(() => Promise.resolve(done));
    await eventually(() => seen.length === 1);
    expect(seen[0]?.deliveryCount).toBe(2);
    await proxy.close();
  });

  it('stops at once when it is idle, and takes nothing afterwards', async () => {
    const consumer = start(() => Promise.resolve(done));
    await eventually(async () => (await queue.info()).num_waiting === 1);
    const startedAt = performance.now();
    await consumer.stop();
    expect(performance.now() - startedAt).toBeLessThan(900);
    await queue.publish('a');
    await eventually(async () => (await queue.info()).num_pending === 1);
    expect(seen).toEqual([]);
    await eventually(async () => (await queue.info()).num_waiting === 0);
  });

  it('goes on by itself after the server was killed and started again', async () => {
    start(() => Promise.resolve(done), { ackWaitMs: 1000 });
    await queue.publish('a');
    await eventually(() => texts().includes('a'));
    await log.nats.kill();
    await log.nats.start();
    await eventually(() => queue.publish('b').then(() => true));
    await eventually(async () => texts().includes('b') && (await queue.isSettled()), { timeoutMs: 10_000 });
  }, 30_000);

  it('takes up its work while the server is away at its start', async () => {
    await queue.publish('a');
    const connection = await log.connect();
    await log.nats.kill();
    start(() => Promise.resolve(done), { nc: connection });
    await eventually(() => errors.length > 0);
    await log.nats.start();
    await eventually(() => texts().includes('a'), { timeoutMs: 10_000 });
    await log.ready();
  }, 30_000);

  it('makes its durable again when somebody deleted it', async () => {
    start(() => Promise.resolve(done));
    await queue.publish('a');
    await eventually(async () => seen.length === 1 && (await queue.isSettled()));
    await log.jsm.consumers.delete(streams.log.name, durable);
    await queue.publish('b');
    await eventually(() => texts().includes('b'));
    await eventually(queue.isSettled);
  });

  it('changes its durable in place when its definition changed', async () => {
    await start(() => Promise.resolve(done), { ackWaitMs: 5000 }).stop();
    start(() => Promise.resolve(done), { ackWaitMs: 9000 });
    await eventually(async () => (await queue.info()).config.ack_wait === 9_000_000_000);
  });

  it('starts with what comes from now on when asked to', async () => {
    await queue.publish('old');
    start(() => Promise.resolve(done), { start: 'new' });
    await eventually(queue.info);
    await queue.publish('new');
    await eventually(() => seen.length > 0);
    expect(texts()).toEqual(['new']);
  });
});
