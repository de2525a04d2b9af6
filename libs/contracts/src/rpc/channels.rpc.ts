import { z } from 'zod';
import {
  channelIdSchema, channelKindSchema, channelSecretsSchema, channelSettingsSchema, channelStatuses, channelUserSchema, recipientSchema,
  type Channel, type ChannelConnection, type ChannelStatus, type ChannelUser, type PostedMessage,
} from '../channel.schema.js';
import { runIdSchema } from '../scalars.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

/** A channel as it is shown: names of secrets, no values. */
export interface ChannelRecord extends Omit<Channel, 'tenant_context' | 'callback_id'> {
  readonly status: ChannelStatus;
  /** Where the platform calls back: `/channels/callbacks/<id>`. */
  readonly callback_path: string;
  readonly users: readonly ChannelUser[];
  /** Whether the platform was told where to call back; `null` while nothing is known, and where its API takes no address. */
  readonly connection: ChannelConnection | null;
}

interface KnownChannel {
  readonly status: ChannelStatus;
  readonly channel: Channel;
  readonly users: readonly ChannelUser[];
  readonly connection?: ChannelConnection | undefined;
}

/** A channel as people see it. What is known of the address of one that was removed before does not count for it. */
export const showChannel = ({ status, channel, users, connection }: KnownChannel): ChannelRecord => {
  const { tenant_context: _tenant, callback_id, ...shown } = channel;
  const callback_path = `/channels/callbacks/${callback_id}`;
  return { ...shown, status, callback_path, users, connection: connection?.callback_url.endsWith(callback_path) === true ? connection : null };
};

/** One thing that was to be told, and how far it is. */
export interface DeliveryRecord {
  readonly delivery_id: string;
  readonly channel: string | null;
  readonly installation: string | null;
  readonly recipient: string | null;
  readonly notice: string | null;
  readonly run_id: string | null;
  readonly gate_opening_id: string | null;
  /** `pending`, `sending`, `retrying`, `sent` or `abandoned`. */
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly message: PostedMessage | null;
  readonly requested_at_ms: number | null;
  readonly updated_at_ms: number;
}

export interface EnrolmentOffered {
  /** Shown in this answer only. */
  readonly code: string;
  readonly person: string;
  readonly expires_at_ms: number;
}

/** What the platform is answered. */
export interface ChannelCallbackAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const notifier = (name: string): string => `cs.rpc.notifier.channel_${name}`;
const ofChannel = { channel_id: channelIdSchema };
const minPosition = { min_position: z.int().nonnegative().optional() };
const page = { limit: z.int().default(50).transform((value) => Math.min(Math.max(value, 1), 200)), cursor: z.string().max(400).optional() };
const name = z.string().min(1).max(200);

/** Sets a channel up, or replaces what it is; its users, status and address stay. */
export const putChannel = rpcMethod<ChannelRecord>()(notifier('put'), z.object({ ...ofChannel, kind: channelKindSchema, name, settings: channelSettingsSchema, secrets: channelSecretsSchema.default({}) }));
/** Changes the members that are given; `null` takes an optional one out. */
export const patchChannel = rpcMethod<ChannelRecord>()(
  notifier('patch'),
  z.object({
    ...ofChannel, name: name.optional(), enabled: z.boolean().optional().describe('false: nothing is told and nothing decided here until it is enabled.'),
    settings: z.record(z.string().max(64), z.unknown()).optional().describe('Members of the settings; null takes an optional one out.'),
    secrets: z.record(z.string().max(64), z.union([z.string().max(64), z.null()])).optional(),
  }),
);
export const deleteChannel = rpcMethod<ChannelRecord>()(notifier('delete'), z.object(ofChannel));
/** Sends a card that asks nothing. */
export const testChannel = rpcMethod<{ readonly delivery_id: string }>()(notifier('test'), z.object({ ...ofChannel, recipient: recipientSchema.optional(), command_id: commandIdSchema.optional() }));
export const offerEnrolment = rpcMethod<EnrolmentOffered>()(notifier('offer_enrolment'), z.object(ofChannel));
/** Absent members of a user fall back to the channel's. */
export const changeChannelUser = rpcMethod<ChannelRecord>()(
  notifier('change_user'),
  z.object({
    ...ofChannel, ...channelUserSchema.shape, departments: channelUserSchema.shape.departments.default([]),
    person: channelUserSchema.shape.person.describe('Who a mailbox belongs to, for direct messages; in chats people show by a code who they are. Absent: as before.'),
  }),
);

/** What a platform sent, as bytes. For the gateway only: it carries no tenant. */
export const receiveChannelCallback = rpcMethod<ChannelCallbackAnswer>()(
  notifier('callback'),
  z.object({ callback_id: z.string().max(64), headers: z.record(z.string().max(128), z.string().max(8192)), body_base64: z.string().max(400_000), received_at_ms: z.int().nonnegative() }),
);

export const getChannel = rpcMethod<ChannelRecord>()('cs.rpc.observability.channel_get', z.object({ ...ofChannel, ...minPosition }));
/** By id. */
export const listChannels = rpcMethod<Page<ChannelRecord>>()('cs.rpc.observability.channel_list', z.object({ status: z.enum(channelStatuses).optional(), ...page, ...minPosition }));
/** Newest first. */
export const listDeliveries = rpcMethod<Page<DeliveryRecord>>()(
  'cs.rpc.observability.delivery_list',
  z.object({ installation: channelIdSchema.optional(), run_id: runIdSchema.optional(), status: z.string().max(32).optional(), ...page, ...minPosition }),
);
