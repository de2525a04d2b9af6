import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channelSettingsSchema, type Channel, type ChannelEvent, type DeliveryEvent } from '@cs/contracts';
import { noPosition, type Position } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type DeliveryFilter, type PageRequest, type TenantKey } from '@cs/read-models';
import { PostgresChannelQueries } from './channel-queries.adapter.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const strangers: readonly TenantKey[] = [{ ...acme, org_id: 'other' }, { ...acme, workspace_id: 'other' }, { ...acme, deployment_id: 'eu-1' }];
const tenant_context = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
const person = { kind: 'human', actor_id: 'ada' } as const;

const channelOf = (channel_id: string, change: Partial<Channel> = {}): Channel => ({
  channel_id, kind: 'telegram', name: channel_id, callback_id: sha256(channel_id).slice(0, 32), settings: channelSettingsSchema.parse({ recipient: '-1001' }), secrets: { bot_token: 'TOKEN' }, tenant_context, created_at_ms: 1_000, updated_at_ms: 1_000, ...change,
});
const configured = (channel: Channel): ChannelEvent => ({ event_type: 'channel_configured', data: { channel, changed_by: person } });
const about = (channel_id: string, event_type: 'channel_disabled' | 'channel_enabled' | 'channel_removed'): ChannelEvent => ({ event_type, data: { channel_id, tenant_context, changed_by: person } });
const knows = (channel_id: string, user_id: string): ChannelEvent => ({ event_type: 'channel_user_changed', data: { channel_id, tenant_context, changed_by: person, user: { user_id, tier: 'approve', departments: [] } } });
const urlOf = ({ callback_id }: Channel): string => `https://countersign.example.com/channels/callbacks/${callback_id}`;
const connection = (channel: Channel, status: 'connected' | 'failed', since_ms: number): ChannelEvent => ({
  event_type: 'channel_connection_changed', data: { channel_id: channel.channel_id, tenant_context, connection: { status, callback_url: urlOf(channel), since_ms, ...(status === 'failed' ? { reason: 'Unauthorized' } : {}) } },
});

describe('channels and their deliveries in the database', () => {
  let server: TestDatabase;
  let queries: PostgresChannelQueries;
  const log = new LogHistory();
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 });
  let written: Position = noPosition;

  /** Each in a commit of its own. */
  const happen = (channel_id: string, ...events: readonly ChannelEvent[]): void => {
    for (const event of events) log.commit('channel', channel_id, { status: 'enabled', events: [event] });
  };
  const deliver = (id: string, ...events: readonly DeliveryEvent[]): void => void log.commit('delivery', id, { status: 'pending', events });
  /** One batch of what happened since the last one: a later batch knows only what is new of a row. */
  const write = async (): Promise<void> => {
    await new PostgresProjectionStore(server.database).write(projectBatch(log.entries.slice(written), { memory, digest: sha256, now: 5 }), { after: written, published: noPosition });
    written = log.entries.at(-1)?.position ?? noPosition;
  };
  const asked = (delivery_id: string, change: object = {}): DeliveryEvent => ({ event_type: 'delivery_requested', data: { delivery_id, channel: 'telegram', notice: 'gate_opened', card: {}, run_id: 'run-1', gate_opening_id: 'o1', installation: 'chat', recipient: '-1001', ...change } });

  beforeAll(async () => {
    server = await startTestDatabase();
    await migrate(server.database);
    queries = new PostgresChannelQueries(server.database);
  }, 60_000);
  afterAll(() => server.stop());

  const channel = (channel_id: string, tenant = acme) => queries.channel(tenant, channel_id);
  const ids = async (status?: 'enabled' | 'disabled' | 'removed', page: PageRequest = { limit: 10 }) => (await queries.channels(acme, status, page)).items.map(({ channel_id }) => channel_id);
  const deliveries = async (filter: DeliveryFilter = {}, page: PageRequest = { limit: 10 }, tenant = acme) => (await queries.deliveries(tenant, filter, page)).items.map(({ delivery_id }) => delivery_id);

  it('show a channel as it is now, with names of secrets, its users and where its platform calls back, over several batches', async () => {
    const chat = channelOf('chat');
    happen('chat', configured(chat), knows('chat', 'U2'), knows('chat', 'U1'));
    await write();
    expect(await channel('chat')).toMatchObject({ channel_id: 'chat', status: 'enabled', secrets: { bot_token: 'TOKEN' }, callback_path: `/channels/callbacks/${chat.callback_id}`, users: [{ user_id: 'U1' }, { user_id: 'U2' }], connection: null });
    expect(JSON.stringify(await channel('chat'))).not.toContain('tenant_context');
    happen('chat', connection(chat, 'failed', 10));
    await write();
    expect(await channel('chat')).toMatchObject({ status: 'enabled', name: 'chat', connection: { status: 'failed', reason: 'Unauthorized', callback_url: urlOf(chat), since_ms: 10 } });
    happen('chat', connection(chat, 'connected', 20), configured({ ...chat, name: 'Approvals', updated_at_ms: 2_000 }), about('chat', 'channel_disabled'));
    await write();
    expect(await channel('chat')).toMatchObject({ status: 'disabled', name: 'Approvals', users: [{ user_id: 'U1' }, { user_id: 'U2' }], connection: { status: 'connected', since_ms: 20 } });
  });

  it('show nothing of a channel that was removed, and of one that was set up again nothing from before', async () => {
    const first = channelOf('again', { created_at_ms: 1_100, updated_at_ms: 1_100 });
    happen('again', configured(first), knows('again', 'U1'), connection(first, 'connected', 10), about('again', 'channel_removed'));
    await write();
    expect(await channel('again')).toBeUndefined();
    expect(await ids()).not.toContain('again');
    expect(await ids('removed')).toEqual(['again']);
    happen('again', configured({ ...first, callback_id: 'f'.repeat(32), created_at_ms: 3_000, updated_at_ms: 3_000 }));
    await write();
    expect(await channel('again')).toMatchObject({ status: 'enabled', users: [], connection: null, created_at_ms: 3_000 });
  });

  it('list channels newest first, page by page, and of a status before the limit', async () => {
    expect(await ids()).toEqual(['again', 'chat']);
    const first = await queries.channels(acme, undefined, { limit: 1 });
    expect([first.items.map(({ channel_id }) => channel_id), first.next !== undefined]).toEqual([['again'], true]);
    expect(await ids(undefined, { limit: 1, ...(first.next === undefined ? {} : { after: first.next }) })).toEqual(['chat']);
    expect(await ids('disabled', { limit: 1 })).toEqual(['chat']);
  });

  it('list deliveries newest first by every filter before the limit, and say how far each is', async () => {
    deliver('d1', asked('d1'), { event_type: 'delivery_attempt_started', data: { attempt: 1, attempt_id: 'a', started_at_ms: 1 } }, { event_type: 'delivery_attempt_failed', data: { attempt: 1, reason: '503', failed_at_ms: 2 } });
    deliver('d2', asked('d2', { installation: 'again', run_id: 'run-2' }));
    deliver('d3', asked('d3', { run_id: 'run-2' }));
    await write();
    deliver('d1', { event_type: 'delivery_attempt_started', data: { attempt: 2, attempt_id: 'b', started_at_ms: 3 } }, { event_type: 'delivery_sent', data: { attempt: 2, sent_at_ms: 4, message: { conversation: '-1001', message_id: '7' } } });
    await write();
    expect(await deliveries()).toEqual(['d3', 'd2', 'd1']);
    expect(await deliveries({ installation: 'chat' })).toEqual(['d3', 'd1']);
    expect(await deliveries({ run_id: 'run-2' }, { limit: 1 })).toEqual(['d3']);
    expect(await deliveries({ status: 'sent' }, { limit: 1 })).toEqual(['d1']);
    expect(await deliveries({ installation: 'chat', run_id: 'run-1', status: 'pending' })).toEqual([]);
    expect((await queries.deliveries(acme, { status: 'sent' }, { limit: 1 })).items).toMatchObject([{ status: 'sent', attempts: 2, last_error: '503', recipient: '-1001', notice: 'gate_opened', message: { conversation: '-1001', message_id: '7' } }]);
    const { next } = await queries.deliveries(acme, {}, { limit: 2 });
    expect(await deliveries({}, { limit: 2, ...(next === undefined ? {} : { after: next }) })).toEqual(['d1']);
  });

  it('show nothing to another organisation, workspace or deployment', async () => {
    for (const tenant of strangers) {
      expect(await channel('chat', tenant)).toBeUndefined();
      expect((await queries.channels(tenant, undefined, { limit: 10 })).items).toEqual([]);
      expect(await deliveries({}, { limit: 10 }, tenant)).toEqual([]);
    }
  });
});
