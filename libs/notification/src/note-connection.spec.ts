import type { CallContext, Channel } from '@cs/contracts';
import { appendEvents, InMemoryEventStore, loadAggregate, unwritten, type Eventing } from '@cs/eventing';
import { fixedClock, sha256 } from '@cs/testing';
import { channelAggregate, channelRef } from './channel-aggregates.js';
import { commandChannel } from './configure-channel.command-handlers.js';
import { noteConnection } from './note-connection.command-handler.js';
import { installedChannel } from './sending.fixture.js';

const { channel } = installedChannel();
const ref = channelRef(channel.tenant_context, channel.channel_id);
const callback_url = `https://countersign.example.com/channels/callbacks/${channel.callback_id}`;
const connected = { status: 'connected' as const, callback_url };
const failed = (reason: string) => ({ status: 'failed' as const, callback_url, reason });
const changed_by = { kind: 'human' as const, actor_id: 'ada' };

describe('what came of telling a platform where to call back', () => {
  let clock: ReturnType<typeof fixedClock>;
  let eventing: Eventing;

  const load = () => loadAggregate({ store: eventing.store, aggregate: channelAggregate }, ref);
  const connection = async () => {
    const { state } = await load();
    return state.status === 'none' ? undefined : state.connection;
  };
  const context: CallContext = { tenant: channel.tenant_context, actor: changed_by, correlation_id: 'c' };
  const configure = (change: Partial<Channel> = {}) => commandChannel({ eventing }, context, {
    channel_id: channel.channel_id, command: { kind: 'configure', channel: { ...channel, ...change }, callback_id: channel.callback_id, changed_by, tenant_context: channel.tenant_context },
  });

  beforeEach(async () => {
    clock = fixedClock();
    eventing = { store: new InMemoryEventStore(), clock, digest: sha256 };
    await appendEvents({ eventing, aggregate: channelAggregate }, unwritten(channelAggregate, ref), { events: [{ event_type: 'channel_configured', data: { channel, changed_by } }], context: { at_ms: clock() } });
  });

  it('is recorded with the time since when it is so', async () => {
    await noteConnection(eventing, channel, connected);
    const since_ms = (await connection())?.since_ms ?? 0;
    expect(await connection()).toEqual({ ...connected, since_ms });
    expect(since_ms).toBeGreaterThanOrEqual(clock());
  });

  it('is recorded once, however many notifiers find it out, and when they start again', async () => {
    await Promise.all([noteConnection(eventing, channel, connected), noteConnection(eventing, channel, connected)]);
    const { position } = await load();
    await noteConnection(eventing, channel, connected);
    expect((await load()).position).toBe(position);
  });

  it('keeps the time of the first failure while reasons change, and begins anew when it works', async () => {
    await noteConnection(eventing, channel, failed('503'));
    const began = (await connection())?.since_ms ?? 0;
    clock.advance(1_000);
    await noteConnection(eventing, channel, failed('Unauthorized'));
    expect(await connection()).toEqual({ ...failed('Unauthorized'), since_ms: began });
    await noteConnection(eventing, channel, connected);
    expect(await connection()).toMatchObject(connected);
    expect((await connection())?.since_ms).toBeGreaterThanOrEqual(began + 999);
  });

  it('of a channel that is another one by now, disabled or removed, changes nothing', async () => {
    await configure({ secrets: { bot_token: 'NEW' } });
    await noteConnection(eventing, channel, failed('the old token'));
    expect(await connection()).toBeUndefined();
    await commandChannel({ eventing }, context, { channel_id: channel.channel_id, command: { kind: 'remove', changed_by, tenant_context: channel.tenant_context } });
    await noteConnection(eventing, { ...channel, secrets: { bot_token: 'NEW' } }, connected);
    expect(await connection()).toBeUndefined();
  });

  it('stays what is known when the channel is changed, until it was told again', async () => {
    await noteConnection(eventing, channel, connected);
    await configure({ name: 'Another name' });
    expect(await connection()).toMatchObject(connected);
  });
});
