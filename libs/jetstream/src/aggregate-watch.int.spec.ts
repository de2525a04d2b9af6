import type { AggregateRef } from '@cs/contracts';
import { eventually, tcpProxy } from '@cs/testing';
import { jetstream } from '@nats-io/jetstream';
import { AggregateWatch } from './aggregate-watch.adapter.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';

/** Something that one side opens and the other waits for. */
const latch = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
};

describe('a watch of aggregates', () => {
  let log: TestLog;
  const watches: AggregateWatch[] = [];
  let told: string[] = [];
  let errors: unknown[] = [];
  let tests = 0;

  beforeAll(async () => {
    log = await startTestLog();
  }, 60_000);
  beforeEach(() => {
    tests += 1;
    told = [];
    errors = [];
  });
  afterEach(async () => {
    await Promise.all(watches.splice(0).map((watch) => watch.stop()));
  });
  afterAll(() => log.close());

  const org = (): string => `org-${tests}`;
  /** A commit of an aggregate of this test, whatever stands in it. */
  const change = async (id: string, { status = 'enabled', aggregate = 'channel' } = {}): Promise<void> => {
    await jetstream(log.nc).publish(`cs.log.${org()}.ops.${aggregate}.${id}.${status}`, '{}', { timeout: 2_000 });
  };
  const isMine = ({ org_id }: AggregateRef): boolean => org_id === org();
  const watch = (handle: (ref: AggregateRef) => Promise<void> = () => Promise.resolve(), nc = log.nc): AggregateWatch => {
    const started = new AggregateWatch({
      nc, aggregate: 'channel', onError: (error) => errors.push(error),
      onChange: async (ref) => {
        if (!isMine(ref)) return;
        told.push(ref.id);
        await handle(ref);
      },
    });
    watches.push(started);
    return started;
  };

  it('is ready at once where there is none', async () => {
    await watch().ready;
    expect(told).toEqual([]);
  });

  it('is ready when each that there is was told and handled, once whatever happened to it before', async () => {
    for (const id of ['a', 'b']) await change(id);
    await change('a', { status: 'disabled' });
    await change('a', { aggregate: 'channel_thread', status: 'begun' });
    let handled = 0;
    await watch(async () => {
      await new Promise(setImmediate);
      handled += 1;
    }).ready;
    expect([...new Set(told)].sort()).toEqual(['a', 'b']);
    expect(handled).toBe(told.length);
  });

  it('tells each change afterwards, of every tenant it is asked for, and of no other kind', async () => {
    await watch().ready;
    await change('c', { aggregate: 'channel_thread', status: 'begun' });
    await change('c');
    await eventually(() => told.length === 1);
    await change('c', { status: 'disabled' });
    await change('d');
    await eventually(() => told.includes('d') && told.filter((id) => id === 'c').length === 2);
    expect(told).toHaveLength(3);
  });

  it('never tells two at once, and tells one that changed often meanwhile once more', async () => {
    const held = latch();
    let busy = 0;
    let most = 0;
    await watch(async ({ id }) => {
      busy += 1;
      most = Math.max(most, busy);
      if (id === 'first') await held.opened;
      busy -= 1;
    }).ready;
    await change('first');
    await eventually(() => told.length === 1);
    for (let turn = 0; turn < 20; turn += 1) await change('often', { status: turn % 2 === 0 ? 'enabled' : 'disabled' });
    await change('last');
    held.open();
    await eventually(() => told.includes('last'));
    expect(most).toBe(1);
    expect(told.filter((id) => id === 'often').length).toBeLessThan(20);
  });

  it('tells a change again whose handling failed, and says why it failed', async () => {
    let failures = 2;
    await watch(() => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('the log is away')) : Promise.resolve();
    }).ready;
    await change('e');
    await eventually(() => told.length === 3);
    expect(errors).toEqual([expect.objectContaining({ message: 'the log is away' }), expect.objectContaining({ message: 'the log is away' })]);
  });

  it('goes on after its connection broke, and knows what changed meanwhile', async () => {
    const proxy = await tcpProxy({ port: Number(new URL(log.nats.url).port) });
    try {
      await watch(() => Promise.resolve(), await log.connect(`nats://127.0.0.1:${proxy.port}`)).ready;
      proxy.kill();
      await change('while-away');
      await eventually(() => told.includes('while-away'), { timeoutMs: 20_000 });
      await change('after');
      await eventually(() => told.includes('after'), { timeoutMs: 20_000 });
    } finally {
      await Promise.all(watches.splice(0).map((started) => started.stop()));
      await proxy.close();
    }
  });

  it('stops when it is told to, waits for what is being handled, and tells nothing more', async () => {
    const held = latch();
    let ended = false;
    const started = watch(async () => {
      await held.opened;
      ended = true;
    });
    await started.ready;
    await change('f');
    await eventually(() => told.length === 1);
    const stopped = started.stop();
    held.open();
    await stopped;
    expect(ended).toBe(true);
    await change('g');
    await log.nc.flush();
    expect(told).toEqual(['f']);
  });
});
