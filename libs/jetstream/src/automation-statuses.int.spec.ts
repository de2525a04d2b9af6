import type { AggregateRef, AutomationEvent } from '@cs/contracts';
import { appendEvents, loadAggregate, type Aggregate, type EventStore } from '@cs/eventing';
import { eventually, tcpProxy } from '@cs/testing';
import { AutomationStatusCache } from './automation-statuses.adapter.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';

const tenant = { org_id: 'acme', workspace_id: 'ops' };
const refOf = (id: string): AggregateRef => ({ ...tenant, aggregate: 'automation', id });

/** Counts the commits of an automation, with a status of the test's own: what is asked here is only their subjects. */
const withStatus = (status: string): Aggregate<number, AutomationEvent> => ({
  name: 'automation', initialState: 0, evolve: (state) => state + 1, status: () => status, isAtRest: () => true, stateVersion: 1, writeState: (state) => state, readState: Number,
});
const updated = (automation_id: string): AutomationEvent => ({
  event_type: 'automation_updated',
  data: { automation_id, tenant_context: { ...tenant, source: 'explicit' }, name: 'A', status: 'active', definition_version: 'v', definition_hash: `sha256:${'0'.repeat(64)}`, changed_by: { kind: 'human' } },
});

describe('the status of automations', () => {
  let log: TestLog;
  beforeAll(async () => {
    log = await startTestLog();
  }, 60_000);
  afterAll(() => log.close());

  const commit = async (id: string, status: string): Promise<void> => {
    const aggregate = withStatus(status);
    const loaded = await loadAggregate({ store: log.eventing.store, aggregate }, refOf(id));
    await appendEvents({ eventing: log.eventing, aggregate }, loaded, { events: [updated(id)], context: { at_ms: 1 } });
  };

  /** The log as the cache reads it; each read is counted, and may be held up. */
  const counting = (): { readonly store: EventStore; reads: number; hold: Promise<void> | undefined } => {
    const { store } = log.eventing;
    const counted = {
      reads: 0, hold: undefined as Promise<void> | undefined,
      store: {
        at: (position) => store.at(position), append: (ref, status, change) => store.append(ref, status, change),
        last: async (ref) => {
          counted.reads += 1;
          const read = await store.last(ref);
          await counted.hold;
          return read;
        },
      } satisfies EventStore,
    };
    return counted;
  };

  it('is read once, and followed from then on', async () => {
    const read = counting();
    const cache = new AutomationStatusCache(log.nc, read.store);
    await log.nc.flush();
    await commit('followed', 'active');
    await eventually(async () => (await cache.statusOf(tenant, 'followed')) === 'active');
    await commit('followed', 'paused');
    await eventually(async () => (await cache.statusOf(tenant, 'followed')) === 'paused');
    expect(await cache.statusOf(tenant, 'nobody')).toBe('absent');
    expect(await cache.statusOf(tenant, 'nobody')).toBe('absent');
    expect(read.reads).toBeLessThanOrEqual(2);
    expect(await cache.statusOf({ ...tenant, workspace_id: 'other' }, 'followed')).toBe('absent');
    cache.stop();
  });

  it('that is heard of while an older one is being read is the one that counts', async () => {
    await commit('raced', 'active');
    const read = counting();
    let release = (): void => undefined;
    read.hold = new Promise((resolve) => (release = resolve));
    const cache = new AutomationStatusCache(log.nc, read.store);
    await log.nc.flush();
    const asked = cache.statusOf(tenant, 'raced');
    await eventually(() => read.reads === 1);
    await log.ready();
    const heard = new Promise<void>((resolve) => void log.nc.subscribe('cs.log.acme.ops.automation.raced.>', { max: 1, callback: () => resolve() }));
    await log.nc.flush();
    await commit('raced', 'paused');
    await heard;
    release();
    expect(await asked).toBe('paused');
    expect(await cache.statusOf(tenant, 'raced')).toBe('paused');
    expect(read.reads).toBe(1);
    cache.stop();
  });

  it('is read anew after the connection broke: what was published meanwhile was missed', async () => {
    const proxy = await tcpProxy({ port: log.nats.port });
    const nc = await log.connect(`nats://127.0.0.1:${proxy.port}`);
    const read = counting();
    const cache = new AutomationStatusCache(nc, read.store);
    await commit('missed', 'active');
    expect(await cache.statusOf(tenant, 'missed')).toBe('active');
    const { reads } = read;
    expect(await cache.statusOf(tenant, 'missed')).toBe('active');
    expect(read.reads).toBe(reads);
    proxy.pause();
    await commit('missed', 'paused');
    proxy.kill();
    proxy.resume();
    await eventually(async () => (await cache.statusOf(tenant, 'missed')) === 'paused', { timeoutMs: 20_000 });
    await eventually(() => proxy.connections > 1, { timeoutMs: 20_000 });
    await nc.flush();
    await commit('missed', 'active');
    await eventually(async () => (await cache.statusOf(tenant, 'missed')) === 'active');
    cache.stop();
    await nc.close();
    await proxy.close();
  });
});
