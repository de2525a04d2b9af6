import { streams, type PublishedEvent } from '@cs/contracts';
import { PublisherFencedError, type EventToPublish } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import { attemptLogRef, eventually, sha256 } from '@cs/testing';
import { JetStreamEventPublisher } from './event-publisher.adapter.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';

/** Two events for each position. */
const eventAt = (number: number): EventToPublish => {
  const ref = attemptLogRef(`d-${number % 7}`, { org_id: number % 2 === 0 ? 'acme' : 'other' });
  const { aggregate, id: aggregate_id, org_id, workspace_id } = ref;
  const event: PublishedEvent = {
    event_id: `event-${sha256(String(number)).slice(0, 12)}`, event_type: 'delivery_attempt_failed', aggregate, aggregate_id, org_id, workspace_id,
    seq: number, position: Math.floor(number / 2) + 1, status: 'retrying', occurred_at_ms: 1_767_225_600_000 + number, data: { attempt: number + 1 },
  };
  return { ref, position: toPosition(event.position), index: number % 2, event };
};
const eventsFrom = (from: number, count: number): readonly EventToPublish[] => Array.from({ length: count }, (_, offset) => eventAt(from + offset));

describe('the event publisher', () => {
  let log: TestLog;
  let next = 0;

  const newEvents = (count: number): readonly EventToPublish[] => {
    next += count;
    return eventsFrom(next - count, count);
  };
  const published = async (): Promise<readonly PublishedEvent[]> => {
    const { state } = await log.jsm.streams.info(streams.events.name);
    const found: PublishedEvent[] = [];
    while (found.length < state.last_seq) {
      for await (const message of await log.jsm.direct.getBatch(streams.events.name, { seq: found.length + 1, batch: 1000 })) found.push(message.json());
    }
    return found;
  };
  const expectEachOnceInOrder = async (): Promise<void> => {
    expect((await published()).map(({ seq }) => seq)).toEqual(Array.from({ length: next }, (_, number) => number));
  };

  beforeAll(async () => {
    log = await startTestLog();
  }, 60_000);
  afterAll(() => log.close());

  it('finds an empty stream empty', async () => {
    expect(await new JetStreamEventPublisher(log.nc).last()).toBeUndefined();
  });

  it('publishes a CloudEvent in NATS binary mode', async () => {
    const [item] = newEvents(1);
    if (!item) throw new Error('one event');
    await new JetStreamEventPublisher(log.nc).publish([{ ...item, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }]);
    const message = await log.jsm.direct.getMessage(streams.events.name, { seq: 1 });
    expect(message?.subject).toBe('cs.events.acme.ops.delivery.d-0.delivery_attempt_failed');
    expect(Object.fromEntries([...(message?.header ?? [])].map(([name, values]) => [name, values[0]]))).toMatchObject({
      'ce-specversion': '1.0', 'ce-id': item.event.event_id, 'ce-type': 'stateful_runtime.automation_v2.delivery_attempt_failed', 'ce-subject': 'delivery/d-0',
      'ce-time': '2026-01-01T00:00:00.000Z', 'content-type': 'application/json', 'ce-position': '1', 'ce-index': '0',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    expect(message?.json()).toEqual(item.event);
  });

  it('publishes each once and in order, around the sizes at which it asks for an answer', async () => {
    const publisher = new JetStreamEventPublisher(log.nc);
    for (const count of [1, 499, 500, 501, 1001, 0]) await publisher.publish(newEvents(count));
    await expectEachOnceInOrder();
  }, 30_000);

  it('goes on where another instance ended', async () => {
    const publisher = new JetStreamEventPublisher(log.nc);
    expect(await publisher.last()).toEqual({ position: Math.floor((next - 1) / 2) + 1, index: (next - 1) % 2 });
    await publisher.publish(newEvents(3));
    await expectEachOnceInOrder();
  }, 30_000);

  it('is fenced when another instance has published, adds nothing, and can go on once it has looked', async () => {
    const replaced = new JetStreamEventPublisher(log.nc);
    await replaced.publish(newEvents(2));
    await new JetStreamEventPublisher(log.nc).publish(newEvents(2));
    await expect(replaced.publish(eventsFrom(next, 700))).rejects.toThrow(PublisherFencedError);
    await expectEachOnceInOrder();
    const last = await replaced.last();
    expect(last?.position).toBe(Math.floor((next - 1) / 2) + 1);
    await replaced.publish(newEvents(2));
    await expectEachOnceInOrder();
  }, 30_000);

  it('lets one of two racing instances through', async () => {
    const instances = [new JetStreamEventPublisher(log.nc), new JetStreamEventPublisher(await log.connect())];
    await Promise.all(instances.map((instance) => instance.last()));
    const events = newEvents(600);
    const results = await Promise.allSettled(instances.map((instance) => instance.publish(events)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expectEachOnceInOrder();
  }, 30_000);

  it('publishes events of two tenants that have the same id', async () => {
    const events = newEvents(2).map((item) => ({ ...item, event: { ...item.event, event_id: 'the-same' } }));
    await new JetStreamEventPublisher(log.nc).publish(events);
    await expectEachOnceInOrder();
  }, 30_000);

  it('says so when an event is larger than the server takes, having stored those before it at most', async () => {
    const publisher = new JetStreamEventPublisher(log.nc);
    const [first, second] = newEvents(2);
    if (!first || !second) throw new Error('two events');
    await expect(publisher.publish([first, { ...second, event: { ...second.event, data: 'x'.repeat(9 * 1024 * 1024) } }])).rejects.toThrow(/payload/i);
    const last = await publisher.last();
    await publisher.publish(last?.position === first.position && last.index === first.index ? [second] : [first, second]);
    await expectEachOnceInOrder();
  }, 30_000);

  it('is complete and in order after kills of the server, which may lose the newest unsynced events', async () => {
    const publisher = new JetStreamEventPublisher(log.nc);
    const target = next + 4000;
    /** As the projector does it: after an error look at the stream, then go on behind what is there. */
    const publishAll = async (): Promise<true> => {
      const last = await publisher.last();
      for (let from = last ? (last.position - 1) * 2 + last.index + 1 : 0; from < target; from += 200) await publisher.publish(eventsFrom(from, Math.min(200, target - from)));
      return true;
    };
    const publishing = eventually(publishAll, { timeoutMs: 40_000 });
    for (const part of [0.25, 0.5, 0.75]) {
      const before = next;
      await eventually(async () => (await log.jsm.streams.info(streams.events.name)).state.last_seq > before + 4000 * part);
      await log.nats.kill();
      await log.nats.start();
    }
    await publishing;
    await log.ready();
    await eventually(publishAll, { timeoutMs: 10_000 });
    next = target;
    await expectEachOnceInOrder();
  }, 60_000);
});
