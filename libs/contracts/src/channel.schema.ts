import { z } from 'zod';
import { riskTierSchema } from './authority.schema.js';
import { automationIdSchema, epochMsSchema } from './scalars.schema.js';
import { tenantContextSchema } from './tenant.schema.js';
import { secretNameSchema } from './webhook.schema.js';

/** Platforms that people can be told on. Which of them an installation offers is the notifier's to say. */
export const channelKindSchema = z.enum(['slack', 'discord', 'telegram', 'teams', 'email', 'webhook']);
export type ChannelKindName = z.infer<typeof channelKindSchema>;

/** Part of subjects and of the identity of deliveries. `callbacks` is an address. */
export const channelIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'channel id: 1 to 48 lower-case letters, digits or "-", not "-" first')
  .refine((id) => id !== 'callbacks', '"callbacks" is reserved');

/** What somebody may do in a channel; each includes those before it. */
export const channelTiers = ['read', 'act', 'approve', 'reconfigure'] as const;
export const channelTierSchema = z.enum(channelTiers);
export type ChannelTier = z.infer<typeof channelTierSchema>;

/** Conversation of a platform, mailbox or address. */
export const recipientSchema = z.string().min(1).max(320);
const userIdSchema = z.string().min(1).max(128);
const departmentSchema = z.string().min(1).max(128);

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day as HH:MM');
const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
};

/** Hours of the day, e.g. 18:00 to 08:00. A period that ends before it begins goes over midnight; equal times are the whole day. */
export const hoursSchema = z.strictObject({
  from: timeOfDay.describe('First minute, HH:MM.'),
  to: timeOfDay.describe('First minute after it, HH:MM.'),
  timezone: z.string().max(64).refine(isTimeZone, 'is no time zone, e.g. Europe/Vienna').default('UTC'),
  days: z.array(z.int().min(1).max(7)).min(1).max(7).readonly().optional().describe('Days on which it begins, 1 for Monday. Absent: every day.'),
});
export type Hours = z.infer<typeof hoursSchema>;

/** Which gates a route takes, and how they are told. The first route that fits counts. */
export const channelRouteSchema = z.strictObject({
  automations: z.array(automationIdSchema).min(1).max(200).readonly().optional().describe('Absent: every automation.'),
  risk_tiers: z.array(z.union([riskTierSchema, z.literal('none')])).min(1).max(20).readonly().optional().describe('`none`: gates that name no tier. Absent: every gate.'),
  data_classes: z.array(z.string().min(1).max(64)).min(1).max(20).readonly().optional().describe('Gates with any of these. Absent: every gate.'),
  hours: hoursSchema.optional().describe('Gates that open then. Absent: at any time.'),
  mode: z.enum(['card', 'direct', 'digest', 'none']).default('card').describe('card asks the recipient; direct asks each named approver who is enrolled, and the recipient when there is none; digest lists the gate; none says nothing.'),
  recipient: recipientSchema.optional().describe('Absent: the recipient of the channel.'),
  digest_minutes: z.int().min(1).max(1440).default(60).describe('How often a digest is sent, counted from midnight UTC.'),
});
export type ChannelRoute = z.infer<typeof channelRouteSchema>;

/** When questions wait until the hours are over, and what does not wait. */
export const quietHoursSchema = z.strictObject({
  hours: hoursSchema,
  except_risk_tiers: z.array(riskTierSchema).max(20).readonly().default([]).describe('Gates of these tiers are told at once.'),
  escalate_to: recipientSchema.optional().describe('Who is told during quiet hours when a gate escalates. Absent: the recipient. An escalation never waits.'),
});

/** What the channel is told of runs. */
export const runNoticesSchema = z.strictObject({
  failed: z.boolean().default(false),
  blocked: z.boolean().default(false),
  completed: z.boolean().default(false),
  dead_letters_above: z.int().min(0).max(10_000).optional().describe('Tells when more dead letters than this open within an hour. Absent: never.'),
  recipient: recipientSchema.optional().describe('Absent: the recipient of the channel.'),
});

/** Settings that hold no secret. */
export const channelSettingsSchema = z.strictObject({
  recipient: recipientSchema.describe('Where cards go, e.g. C024BE91L (Slack), -1001234 (Telegram), ops@example.com, an URL (webhook).'),
  allowed_users: z.array(userIdSchema).max(1000).readonly().default([]).describe('Who may act by buttons; `*` is anyone, and then each needs a grant. Empty: nobody.'),
  tier: channelTierSchema.default('approve').describe('What an allowed user may do without a grant of their own.'),
  departments: z.array(departmentSchema).max(100).readonly().default([]).describe('Users need one of these in their grant. Empty: none is needed.'),
  step_up: z.boolean().default(false).describe('Decisions need a second factor: buttons lead to the page.'),
  step_up_risk_tiers: z.array(z.union([riskTierSchema, z.literal('none')])).min(1).max(20).readonly().optional().describe('The same for gates of these tiers only; `none`: gates that name no tier. Absent: no tier needs it.'),
  base_url: z.url({ protocol: /^https?$/ }).max(2000).optional().describe('Address of the platform. Absent: its own.'),
  per_second: z.number().min(0.01).max(1000).default(1).describe('Calls to the platform, at most.'),
  options: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), z.string().max(2000)).default({}).describe('What the platform needs beside: see the guide of the kind.'),
  routes: z.array(channelRouteSchema).max(100).readonly().default([]).describe('Empty: every gate is asked.'),
  quiet_hours: quietHoursSchema.optional(),
  run_notices: runNoticesSchema.default({ failed: false, blocked: false, completed: false }),
});
export type ChannelSettings = z.infer<typeof channelSettingsSchema>;

/** Names of secrets by what they are for; values are `COUNTERSIGN_CHANNEL_SECRET_<NAME>` of the notifier. */
export const channelSecretsSchema = z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), secretNameSchema);

/** An installation of a platform in a workspace. */
export const channelSchema = z.object({
  channel_id: channelIdSchema,
  kind: channelKindSchema,
  name: z.string().min(1).max(200),
  /** Last part of the address that the platform calls back. It proves nothing. */
  callback_id: z.string().regex(/^[0-9a-f]{32}$/),
  settings: channelSettingsSchema,
  secrets: channelSecretsSchema,
  tenant_context: tenantContextSchema,
  created_at_ms: epochMsSchema,
  updated_at_ms: epochMsSchema,
});
export type Channel = z.infer<typeof channelSchema>;

/** What is known of a user of a platform: a grant, and who they are. */
export const channelUserSchema = z.object({
  user_id: userIdSchema,
  /** Authoritative, also when it lowers. Absent: the channel's. */
  tier: channelTierSchema.optional(),
  departments: z.array(departmentSchema).max(20).readonly(),
  /** Whom a code from the console has shown them to be. */
  person: z.string().min(1).max(256).optional(),
});
export type ChannelUser = z.infer<typeof channelUserSchema>;

/** Whether the platform was told where to call back, where its API takes that. */
export const channelConnectionSchema = z.object({
  status: z.enum(['connected', 'failed']),
  callback_url: z.string().max(4000),
  /** Of a failure, without a secret; it is tried again until it works. */
  reason: z.string().max(500).exactOptional(),
  since_ms: epochMsSchema,
});
export type ChannelConnection = Readonly<z.infer<typeof channelConnectionSchema>>;

export const channelStatuses = ['enabled', 'disabled', 'removed'] as const;
export type ChannelStatus = (typeof channelStatuses)[number];

/** A message as its platform names it: enough to change it, and to answer below it. */
export const postedMessageSchema = z.object({
  /** Channel, chat or mailbox, e.g. `C024BE91L` (Slack), `-1001234` (Telegram), `ada@example.com`. */
  conversation: z.string().max(400),
  message_id: z.string().max(400),
  /** What an answer below it names, where that is not the message itself. */
  thread_id: z.string().max(400).exactOptional(),
});
export type PostedMessage = Readonly<z.infer<typeof postedMessageSchema>>;
