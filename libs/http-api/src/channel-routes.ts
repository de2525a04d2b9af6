import * as rpc from '@cs/contracts';
import { channelConnectionSchema, channelIdSchema, channelSchema, channelStatuses, channelUserSchema, postedMessageSchema, type ChannelRecord, type DeliveryRecord } from '@cs/contracts';
import { z } from 'zod';
import { pageQuery, wordText } from './query.schema.js';
import { defineRoute } from './route.js';

const tag = 'channels';
const json = 'application/json';
const jsonMedia = [json] as const;
const params = z.object({ channel_id: channelIdSchema });
const userParams = params.extend({ user_id: channelUserSchema.shape.user_id });

const channelResource = channelSchema.omit({ tenant_context: true, callback_id: true }).extend({
  status: z.enum(channelStatuses),
  callback_path: z.string().describe('Where the platform calls back, after the public address of the gateway'),
  users: z.array(channelUserSchema).readonly().describe('What is known of users, and what they may do'),
  connection: channelConnectionSchema.nullable().describe('Whether the platform was told where to call back. `null`: nothing is known yet, or the address is set by hand (Slack) or not needed'),
}) satisfies z.ZodType<ChannelRecord, unknown>;

const deliveryResource = z.object({
  delivery_id: z.string(), channel: z.string().nullable(), installation: z.string().nullable(), recipient: z.string().nullable(), notice: z.string().nullable(),
  run_id: z.string().nullable(), gate_opening_id: z.string().nullable(),
  status: z.string().describe('`pending`, `sending`, `retrying`, `sent` or `abandoned`'),
  attempts: z.int().nonnegative(), last_error: z.string().nullable().describe('Why the last attempt failed, or why there is nothing to tell'),
  message: postedMessageSchema.nullable(), requested_at_ms: z.int().nonnegative().nullable(), updated_at_ms: z.int().nonnegative(),
}) satisfies z.ZodType<DeliveryRecord, unknown>;

const page = { count: z.int().nonnegative().describe('Items of this page'), next_cursor: z.string().optional().describe('Absent on the last page') };
const one = { description: 'The channel as it is now', mediaType: json, schema: z.object({ channel: channelResource }) } as const;
const byAdmin = ['CHANNEL_REQUIRES_ADMIN'] as const;
const at = '/channels/{channel_id}';

export const putChannel = defineRoute({
  operationId: 'putChannel', method: 'PUT', path: at, tag, access: 'tenant', kind: 'command', params,
  summary: 'Set a channel up, or replace what it is',
  description: 'Secrets are named, not sent: their values are variables of the notifier. Users, status and address stay as they are.',
  body: { schema: rpc.putChannel.payload.omit({ channel_id: true }).strict(), mediaTypes: jsonMedia, required: true },
  answer: one, errors: [...byAdmin, 'CHANNEL_INVALID', 'CHANNEL_KIND_FIXED', 'CHANNEL_NOT_FOUND'],
});

export const patchChannel = defineRoute({
  operationId: 'patchChannel', method: 'PATCH', path: at, tag, access: 'tenant', kind: 'command', params,
  summary: 'Change members of a channel, enable or disable it',
  body: { schema: rpc.patchChannel.payload.omit({ channel_id: true }).strict(), mediaTypes: jsonMedia, required: true },
  answer: one, errors: [...byAdmin, 'CHANNEL_INVALID', 'CHANNEL_NOT_FOUND', 'CHANNEL_KIND_FIXED'],
});

export const deleteChannel = defineRoute({
  operationId: 'deleteChannel', method: 'DELETE', path: at, tag, access: 'tenant', kind: 'command', params,
  summary: 'Remove a channel', description: 'Nothing is decided there any more, what was still to be told is given up, and its users are forgotten. Messages that it posted stay; whoever presses one is told.',
  answer: { description: 'It is removed', mediaType: json, schema: z.object({ ok: z.literal(true), deleted: z.literal(true), channel_id: z.string() }) },
  errors: [...byAdmin, 'CHANNEL_NOT_FOUND'],
});

export const listChannels = defineRoute({
  operationId: 'listChannels', method: 'GET', path: '/channels', tag, access: 'tenant', kind: 'read',
  summary: 'List the channels of the workspace, newest first',
  query: z.strictObject({ status: z.enum(channelStatuses).optional(), ...pageQuery }),
  answer: { description: 'A page of channels', mediaType: json, schema: z.object({ channels: z.array(channelResource), ...page }) }, errors: [],
});

export const getChannel = defineRoute({
  operationId: 'getChannel', method: 'GET', path: at, tag, access: 'tenant', kind: 'read', params,
  summary: 'Read one channel', answer: one, errors: ['CHANNEL_NOT_FOUND'],
});

export const testChannel = defineRoute({
  operationId: 'testChannel', method: 'POST', path: `${at}/test`, tag, access: 'tenant', kind: 'command', idempotent: true, params,
  summary: 'Send a test card', description: 'Its delivery tells whether it arrived.',
  body: { schema: rpc.testChannel.payload.omit({ channel_id: true, command_id: true }).strict(), mediaTypes: jsonMedia, required: false },
  answer: { description: 'It will be sent', mediaType: json, schema: z.object({ ok: z.literal(true), delivery_id: z.string() }) },
  errors: [...byAdmin, 'CHANNEL_NOT_FOUND', 'CHANNEL_DISABLED'],
});

export const offerEnrolment = defineRoute({
  operationId: 'offerEnrolment', method: 'POST', path: `${at}/enrolments`, tag, access: 'tenant', kind: 'command', params,
  summary: 'Get a code that links you to your user in a channel',
  description: 'Send it in the channel within ten minutes. A new code makes the one before invalid.',
  answer: { description: 'The code, shown in this answer only', mediaType: json, schema: z.object({ code: z.string(), person: z.string(), expires_at_ms: z.int() }) },
  errors: ['CHANNEL_NOT_FOUND', 'CHANNEL_ENROLMENT_REQUIRES_HUMAN'],
});

export const changeChannelUser = defineRoute({
  operationId: 'changeChannelUser', method: 'PUT', path: `${at}/users/{user_id}`, tag, access: 'tenant', kind: 'command', params: userParams,
  summary: 'Say what a user of a channel may do',
  description: 'A tier here counts, also when it is lower than that of the channel. Without one the user has no grant of their own. `person` says who a mailbox belongs to.',
  body: { schema: rpc.changeChannelUser.payload.omit({ channel_id: true, user_id: true }).strict(), mediaTypes: jsonMedia, required: true },
  answer: one, errors: [...byAdmin, 'CHANNEL_NOT_FOUND', 'CHANNEL_LIMIT', 'CHANNEL_PERSON_BY_CODE'],
});

const deliveriesPage = { description: 'A page of deliveries', mediaType: json, schema: z.object({ deliveries: z.array(deliveryResource), ...page }) } as const;

export const listDeliveries = defineRoute({
  operationId: 'listDeliveries', method: 'GET', path: '/channels/{channel_id}/deliveries', tag, access: 'tenant', kind: 'read', params,
  summary: 'List what was to be told on a channel, newest first', description: 'Also of a channel that was removed.',
  query: z.strictObject({ run_id: wordText(128).optional(), status: wordText(32).optional(), ...pageQuery }),
  answer: deliveriesPage, errors: ['CHANNEL_NOT_FOUND'],
});

export const receiveChannelCallback = defineRoute({
  operationId: 'receiveChannelCallback', method: 'POST', path: '/channels/callbacks/{callback_id}', tag, access: 'public', kind: 'command',
  summary: 'Take what a platform sends',
  description: 'For the platforms: any body of at most 256 KiB, signed as the platform signs. Answered within 2.5 s; a decision that takes longer is told by its card.',
  params: z.object({ callback_id: z.string() }),
  answer: { description: 'What the platform takes', mediaType: json },
  errors: ['CHANNEL_NOT_FOUND', 'CHANNEL_CALLBACK_UNSIGNED', 'CHANNEL_INTERACTION_REUSED', 'RATE_LIMITED', 'REQUEST_BODY_INVALID', 'REQUEST_BODY_MALFORMED', 'REQUEST_MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE'],
});
