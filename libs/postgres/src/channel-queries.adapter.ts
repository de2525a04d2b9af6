import { showChannel, type Channel, type ChannelConnection, type ChannelRecord, type ChannelStatus, type ChannelUser, type DeliveryRecord, type PostedMessage } from '@cs/contracts';
import type { ChannelQueries, DeliveryFilter, ItemsPage, PageRequest, TenantKey } from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

const ofTenant = 'org_id = $1 and workspace_id = $2 and deployment_id = $3';
const tenantOf = ({ org_id, workspace_id, deployment_id }: TenantKey): readonly string[] => [org_id, workspace_id, deployment_id];

interface ChannelDocument {
  readonly status: ChannelStatus;
  readonly channel: string;
  readonly users: readonly string[] | null;
  readonly connection: string | null;
}

const users = `(select array_agg(u.channel_user order by u.user_id) from countersign.channel_users u
  where u.org_id = c.org_id and u.workspace_id = c.workspace_id and u.channel_id = c.channel_id and u.position > c.set_up_position)`;

/** The projection wrote it, of the same release or migrated. */
const readChannel = ({ status, channel, users: known, connection }: ChannelDocument): ChannelRecord =>
  showChannel({
    status, channel: JSON.parse(channel) as Channel, users: (known ?? []).map((user) => JSON.parse(user) as ChannelUser),
    connection: connection === null ? undefined : (JSON.parse(connection) as ChannelConnection),
  });

const channelText = `select c.status, c.channel, c.connection, ${users} as users from countersign.channels c where ${ofTenant} and c.channel_id = $4 and c.status <> 'removed' and c.channel is not null`;

const knownText = `select 1 as known from countersign.channels c where ${ofTenant} and c.channel_id = $4 and c.channel is not null`;

const channelsText = boundedPage(`
  select c.status, c.channel, c.connection, ${users} as users, c.created_at_ms as at_ms, c.channel_id as id, octet_length(c.channel) as bytes from countersign.channels c
  where ${ofTenant} and c.channel is not null and (case when $7::text is null then c.status <> 'removed' else c.status = $7 end) and (c.created_at_ms, c.channel_id) < ($4, $5)
  order by c.created_at_ms desc, c.channel_id desc limit $6`);

const deliveriesText = boundedPage(`
  select *, requested_at_ms as at_ms, delivery_id as id, 2000 as bytes from countersign.deliveries
  where ${ofTenant} and ($7::text is null or installation = $7) and ($8::text is null or run_id = $8) and ($9::text is null or status = $9) and (requested_at_ms, delivery_id) < ($4, $5)
  order by requested_at_ms desc, delivery_id desc limit $6`);

type DeliveryDocument = Omit<DeliveryRecord, 'message'> & { readonly message: string | null };

const readDelivery = ({ message, ...row }: DeliveryDocument): DeliveryRecord => ({
  delivery_id: row.delivery_id, channel: row.channel, installation: row.installation, recipient: row.recipient, notice: row.notice, run_id: row.run_id, gate_opening_id: row.gate_opening_id,
  status: row.status, attempts: row.attempts, last_error: row.last_error, message: message === null ? null : (JSON.parse(message) as PostedMessage), requested_at_ms: row.requested_at_ms, updated_at_ms: row.updated_at_ms,
});

/** Channels and deliveries of a tenant in PostgreSQL. */
export class PostgresChannelQueries implements ChannelQueries {
  constructor(private readonly database: Database) {}

  async channel(tenant: TenantKey, channel_id: string): Promise<ChannelRecord | undefined> {
    const [row] = await askDatabase<ChannelDocument>(this.database, { name: 'channel', text: channelText, values: [...tenantOf(tenant), channel_id] });
    return row && readChannel(row);
  }

  async isKnown(tenant: TenantKey, channel_id: string): Promise<boolean> {
    return (await askDatabase<{ readonly known: number }>(this.database, { name: 'channel-known', text: knownText, values: [...tenantOf(tenant), channel_id] })).length > 0;
  }

  async channels(tenant: TenantKey, status: ChannelStatus | undefined, page: PageRequest): Promise<ItemsPage<ChannelRecord>> {
    const rows = await askDatabase<ChannelDocument & PagedRow>(this.database, { name: 'channels', text: channelsText, values: [...tenantOf(tenant), ...keysetValues(page), status ?? null] });
    return toPage(rows, page, readChannel);
  }

  async deliveries(tenant: TenantKey, { installation, run_id, status }: DeliveryFilter, page: PageRequest): Promise<ItemsPage<DeliveryRecord>> {
    const rows = await askDatabase<DeliveryDocument & PagedRow>(this.database, { name: 'deliveries', text: deliveriesText, values: [...tenantOf(tenant), ...keysetValues(page), installation ?? null, run_id ?? null, status ?? null] });
    return toPage(rows, page, readDelivery);
  }
}
