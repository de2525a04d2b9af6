import type { ChannelRow, ChannelUserRow, DeliveryRow } from '@cs/read-models';
import { bigints, document, texts, type BulkTable } from './bulk-table.js';

const newer = (columns: readonly string[]) => Object.fromEntries(columns.map((column) => [column, 'coalesce({new}, {old})']));

const channels: BulkTable<ChannelRow> = {
  name: 'channels',
  conflict: ['org_id', 'workspace_id', 'channel_id'],
  merge: newer(['status', 'channel', 'connection', 'set_up_position', 'created_at_ms']),
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'channel_id', 'status'),
    ...bigints('set_up_position', 'created_at_ms', 'position'),
    channel: document(({ channel }) => channel),
    connection: document(({ connection }) => connection),
  },
};

const users: BulkTable<ChannelUserRow> = {
  name: 'channel_users',
  conflict: ['org_id', 'workspace_id', 'channel_id', 'user_id'],
  columns: { ...texts('org_id', 'workspace_id', 'deployment_id', 'channel_id', 'user_id'), ...bigints('position'), channel_user: document(({ user }) => user) },
};

const deliveries: BulkTable<DeliveryRow> = {
  name: 'deliveries',
  conflict: ['org_id', 'workspace_id', 'delivery_id'],
  merge: newer(['status', 'attempts', 'channel', 'installation', 'recipient', 'notice', 'run_id', 'gate_opening_id', 'last_error', 'message_id', 'message', 'requested_at_ms']),
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'delivery_id', 'channel', 'installation', 'recipient', 'notice', 'run_id', 'gate_opening_id', 'status', 'last_error', 'message_id'),
    ...bigints('attempts', 'requested_at_ms', 'updated_at_ms', 'position'),
    message: document(({ message }) => message),
  },
};

export const channelTables = { channels, channel_users: users, deliveries };
