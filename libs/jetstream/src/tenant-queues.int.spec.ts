import { streams } from '@cs/contracts';
import { done, retryLater, type ConsumerOutcome } from '@cs/eventing';
import { eventually } from '@cs/testing';
import { AckPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ConsumerMessage, RunningConsumer } from './consumer.adapter.js';
import { Consumers, type TenantQueuesDefinition } from './consumers.js';
import { Precedence } from './precedence.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';

interface Seen {
  readonly org: string;
  readonly id: string;
  readonly deliveryCount: number;
  readonly by: string;
}

const durableOf = (org: string): string => `runner--queue-${org.length}-${org}-ops`;
const discoveryDurable = 'runner--queue-tenants';

describe('the queues of tenants', () => {
  let log: TestLog;
  let seen: Seen[] = [];
  const running: RunningConsumer[] = [];
  const errors: unknown[] = [];
  const atEnd: (() => void)[] = [];
  let isOver = false;

  beforeEach(async () => {
    log = await startTestLog();
    seen = [];
    isOver = false;
  }, 60_000);
  afterEach(async () => {
    isOver = true;
    const stopped = Promise.all(running.splice(0).map((queues) => queues.stop()));
    atEnd.splice(0).forEach((end) => end());
    await stopped;
    await log.close();
  });

  const start = (handle: (message: ConsumerMessage) => Promise<ConsumerOutcome>, { nc = log.nc, by = 'runner-1', ...changes }: Partial<TenantQueuesDefinition> & { readonly nc?: NatsConnection; readonly by?: string } = {}): RunningConsumer => {
    const consumers = new Consumers({ nc, eventing: log.eventing, onError: (error) => errors.push(error) });
    const queues = consumers.startTenantQueues({
      slots: 4, ackWaitMs: 30_000, maxDeliver: 5, ...changes,
      handle: (message) => {
        const [, , org = '', , , id = ''] = message.subject.split('.');
        seen.push({ org, id, deliveryCount: message.deliveryCount, by });
        return handle(message);
      },
    });
    running.push(queues);
    return queues;
  };
  const publish = async (org: string, ...ids: readonly string[]): Promise<void> => {
    for (let at = 0; at < ids.length; at += 100) await Promise.all(ids.slice(at, at + 100).map((id) => jetstream(log.nc).publish(`cs.log.${org}.ops.run.${id}.queued`, id, { timeout: 5000 })));
  };
  const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `run-${index}`);
  const of = (org: string): readonly Seen[] => seen.filter((each) => each.org === org);
  const isSettled = async (org: string): Promise<boolean> => {
    const { num_pending, num_ack_pending } = await log.jsm.consumers.info(streams.log.name, durableOf(org));
    return num_pending === 0 && num_ack_pending === 0;
  };
  /** Of everything published, the runners know which queue it is in: one that was only created is in nobody's turn. */
  const isDiscovered = async (): Promise<boolean> => {
    const [{ state }, { ack_floor }] = await Promise.all([log.jsm.streams.info(streams.log.name), log.jsm.consumers.info(streams.log.name, discoveryDurable)]);
    return ack_floor.stream_seq === state.last_seq;
  };
  /** Ends each message when the test says so, or when it is over. */
  const byHand = () => {
    const open: (() => void)[] = [];
    const handle = (): Promise<ConsumerOutcome> => (isOver ? Promise.resolve(done) : new Promise((resolve) => open.push(() => resolve(done))));
    atEnd.push(() => open.splice(0).forEach((end) => end()));
    return { open, handle };
  };

  it('a burst of a tenant\'s timers goes before its queued runs, and not before those of others', async () => {
    const precedence = new Precedence({ burst: 2, longestMs: 60_000 });
    start(() => Promise.resolve(done), { precedence });
    const timers = byHand();
    const burst = Promise.all([1, 2].map(() => precedence.first({ org_id: 'burst', workspace_id: 'ops' }, timers.handle)));
    await publish('burst', 'run-1');
    await publish('other', 'run-1');
    await eventually(() => isSettled('other'));
    await eventually(async () => (await log.jsm.consumers.info(streams.log.name, durableOf('burst'))).num_pending === 1);
    expect(of('burst')).toEqual([]);
    timers.open.splice(0).forEach((end) => end());
    await burst;
    await eventually(() => isSettled('burst'));
    expect(of('burst')).toHaveLength(1);
  });

  it('one tenant\'s flood does not delay another\'s run by more than the next free slot', async () => {
    const { open, handle } = byHand();
    start(handle);
    await publish('flood', ...numbered(500));
    await eventually(() => open.length === 4);
    await publish('late', 'run-1');
    await eventually(isDiscovered);
    open.shift()?.();
    await eventually(() => of('late').length === 1);
    // Of the flood, nothing began between the run of the other tenant and the slot that became free.
    expect(of('flood')).toHaveLength(4);
    for (let ended = 0; ended < 100; ended += 1) (await eventually(() => open.shift()))();
    expect(of('flood').length).toBeGreaterThan(90);
  });

  it('shares the slots of two runners among three tenants, each of which has more than enough', async () => {
    const { open, handle } = byHand();
    const second = await log.connect();
    start(handle, { slots: 6 });
    start(handle, { slots: 6, nc: second, by: 'runner-2' });
    await Promise.all(['a', 'b', 'c'].map((org) => publish(org, ...numbered(60))));
    for (let ended = 0; ended < 120; ended += 1) (await eventually(() => open.shift()))();
    const counts = ['a', 'b', 'c'].map((org) => of(org).length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(30);
    await eventually(async () => {
      open.splice(0).forEach((end) => end());
      return seen.length === 180 && (await isSettled('a')) && (await isSettled('b')) && (await isSettled('c'));
    }, { timeoutMs: 15_000 });
    expect(seen).toHaveLength(180);
    expect(new Set(seen.map(({ by }) => by)).size).toBe(2);
  }, 30_000);

  it('gives one tenant alone every slot', async () => {
    const { open, handle } = byHand();
    start(handle, { slots: 16 });
    await publish('alone', ...numbered(40));
    await eventually(() => open.length === 16);
    await eventually(async () => {
      open.splice(0).forEach((end) => end());
      return seen.length === 40 && (await isSettled('alone'));
    });
  });

  it('finds the messages of a tenant that became known while no runner was there, and of one that has waited since', async () => {
    await publish('first', 'run-1');
    start(() => Promise.resolve(done));
    await eventually(() => of('first').length === 1);
    await running.pop()?.stop();
    await publish('first', 'run-2');
    await publish('second', ...numbered(3));
    start(() => Promise.resolve(done));
    await eventually(async () => of('first').length === 2 && of('second').length === 3 && (await isSettled('first')) && (await isSettled('second')));
  });

  it('gets the message of a runner that died when its lease is over, marked as redelivered', async () => {
    const dying = await log.connect();
    start(() => new Promise(() => undefined), { nc: dying, by: 'dying', ackWaitMs: 1000 });
    await publish('acme', 'run-1');
    await eventually(() => seen.length === 1);
    running.pop();
    start(() => Promise.resolve(done), { ackWaitMs: 1000, by: 'heir' });
    await dying.close();
    await eventually(() => seen.length === 2);
    expect(seen[1]).toMatchObject({ by: 'heir', deliveryCount: 2 });
    await eventually(() => isSettled('acme'));
  });

  it('hands back at once what it cannot finish when it stops', async () => {
    let stop = (): void => undefined;
    const stopping = new Promise<void>((resolve) => (stop = resolve));
    const leaving = start(() => stopping.then(() => retryLater(0, 'the runner stops')), { by: 'leaving', slots: 2 });
    await publish('acme', 'run-1');
    await eventually(() => seen.length === 1);
    const second = await log.connect();
    start(() => Promise.resolve(done), { by: 'staying', nc: second });
    const stopped = leaving.stop();
    stop();
    await stopped;
    await eventually(() => seen.length === 2, { timeoutMs: 1500 });
    expect(seen[1]).toMatchObject({ by: 'staying', deliveryCount: 2 });
  });

  it('gets a message again soon after the delay it asked for', async () => {
    start((message) => Promise.resolve(message.deliveryCount === 1 ? retryLater(200, 'busy') : done));
    await publish('acme', 'run-1');
    await eventually(() => seen.length === 2, { timeoutMs: 1500 });
  });

  it('goes on after the broker was gone, with what it had and with what came since', async () => {
    start(() => Promise.resolve(done), { ackWaitMs: 1000 });
    await publish('acme', 'run-1');
    await eventually(() => seen.length === 1);
    await log.nats.kill();
    await log.nats.start();
    await log.ready();
    await publish('acme', 'run-2');
    await publish('new', 'run-1');
    await eventually(() => of('acme').some(({ id }) => id === 'run-2') && of('new').length === 1, { timeoutMs: 15_000 });
  }, 30_000);

  it('creates a queue again that the broker has lost', async () => {
    start(() => Promise.resolve(done), { ackWaitMs: 1000 });
    await publish('acme', 'run-1');
    await eventually(async () => seen.length === 1 && (await isSettled('acme')));
    await log.jsm.consumers.delete(streams.log.name, durableOf('acme'));
    await publish('acme', 'run-2');
    await eventually(() => of('acme').some(({ id }) => id === 'run-2'));
  });

  it('takes over where the one queue of an earlier release stood: nothing lost, nothing settled comes again', async () => {
    const shared = 'runner--queued-runs';
    await log.jsm.consumers.add(streams.log.name, { durable_name: shared, ack_policy: AckPolicy.Explicit, filter_subjects: ['cs.log.*.*.run.*.queued'] });
    await publish('acme', 'settled');
    const message = await (await jetstream(log.nc).consumers.get(streams.log.name, shared)).next();
    await message?.ackAck();
    await publish('acme', 'unsettled');
    await (await jetstream(log.nc).consumers.get(streams.log.name, shared)).next();
    await publish('other', 'unseen');
    const second = await log.connect();
    start(() => Promise.resolve(done));
    start(() => Promise.resolve(done), { nc: second, by: 'runner-2' });
    await eventually(() => seen.length === 2);
    await publish('acme', 'new');
    await eventually(() => seen.length === 3);
    expect(seen.map(({ id }) => id).sort()).toEqual(['new', 'unseen', 'unsettled']);
    await expect(log.jsm.consumers.info(streams.log.name, shared)).rejects.toThrow('consumer not found');
  });

  it('asks the broker nothing for tenants that are idle', async () => {
    start(() => Promise.resolve(done), { ackWaitMs: 500 });
    await Promise.all(numbered(50).map((_, index) => publish(`tenant${index}`, 'run-1')));
    await eventually(() => seen.length === 50);
    let requests = 0;
    log.nc.subscribe('$JS.API.CONSUMER.MSG.NEXT.CS_LOG.runner--queue-8-tenant10-ops', { callback: () => void (requests += 1) });
    log.nc.subscribe('$JS.API.CONSUMER.INFO.CS_LOG.runner--queue-8-tenant10-ops', { callback: () => void (requests += 1) });
    await publish('busy', ...numbered(100));
    await eventually(() => of('busy').length === 100);
    const before = requests;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(requests - before).toBeLessThanOrEqual(1);
  });
});
