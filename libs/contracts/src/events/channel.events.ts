import { z } from 'zod';
import { channelConnectionSchema, channelIdSchema, channelKindSchema, channelSchema, channelUserSchema, postedMessageSchema, recipientSchema } from '../channel.schema.js';
import { gateDecisionSchema } from '../gate.schema.js';
import { epochMsSchema, orgIdSchema, workspaceIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const identity = { channel_id: channelIdSchema, tenant_context: tenantContextSchema };
const changed = z.object({ ...identity, changed_by: governanceActorSchema });

/** One aggregate per installation, with the users that it knows. */
export const channelEvents = defineEvents({
  channel_configured: { version: 1, data: z.object({ channel: channelSchema, changed_by: governanceActorSchema }), audit: 'channel.configured', summary: 'A channel was set up or changed; the event carries it whole, with the names of its secrets only.' },
  channel_enabled: { version: 1, data: changed, audit: 'channel.enabled', summary: 'A channel is told again.' },
  channel_disabled: { version: 1, data: changed, audit: 'channel.disabled', summary: 'A channel is told nothing and decides nothing until it is enabled.' },
  channel_removed: { version: 1, data: changed, audit: 'channel.removed', summary: 'A channel was removed; nothing is decided there any more, and what was still to be told is given up.' },
  channel_user_changed: { version: 1, data: changed.extend({ user: channelUserSchema }), audit: 'channel.user_changed', summary: 'What a user of a channel may do was changed.' },
  channel_enrolment_offered: {
    version: 1, data: z.object({ ...identity, enrolment_id: z.string(), person: z.string(), expires_at_ms: epochMsSchema, offered_by: governanceActorSchema }),
    audit: 'channel.enrolment_offered', summary: 'A person got a code that links them to a user of a channel; the code itself is kept nowhere.',
  },
  channel_user_enrolled: { version: 1, data: z.object({ ...identity, enrolment_id: z.string(), user: channelUserSchema }), audit: 'channel.user_enrolled', summary: 'A user of a channel has shown by a code who they are.' },
  channel_connection_changed: { version: 1, data: z.object({ ...identity, connection: channelConnectionSchema }), summary: 'A platform was told where to call back, or could not be told.' },
});
export type ChannelEvent = EventOf<typeof channelEvents>;

/** Where the channel of a callback address is, before any tenant is known. */
export const channelCallbackEvents = defineEvents({
  channel_callback_bound: { version: 1, data: z.object({ org_id: orgIdSchema, workspace_id: workspaceIdSchema, channel_id: channelIdSchema }), summary: 'A callback address leads to its channel.' },
});
export type ChannelCallbackEvent = EventOf<typeof channelCallbackEvents>;

/** The message that the cards of one run answer to, in one conversation. */
export const channelThreadEvents = defineEvents({
  channel_thread_begun: { version: 1, data: z.object({ message: postedMessageSchema }), summary: 'The first card of a run was posted in a conversation; later ones answer to it.' },
});
export type ChannelThreadEvent = EventOf<typeof channelThreadEvents>;

/** Where one question is asked. */
export const destinationSchema = z.object({
  channel_id: channelIdSchema,
  kind: channelKindSchema,
  /** A conversation, or `user:<id>` for a direct message. */
  recipient: recipientSchema,
  mode: z.enum(['card', 'digest']),
  /** Its route asks persons by direct messages; the recipient of the channel stands here when none of them could be reached. */
  direct: z.literal(true).exactOptional(),
  /** Of a card that waits for the end of quiet hours, and of a digest: when it is told. */
  not_before_ms: epochMsSchema.optional(),
});
export type Destination = z.infer<typeof destinationSchema>;

/** Chosen once per gate opening or question, so that what follows reaches the same places whatever the rules say by then. */
export const channelAudienceEvents = defineEvents({
  channel_audience_chosen: { version: 1, data: z.object({ gate_opening_id: z.string().optional(), /** The question, where no gate is asked about. */ request_id: z.string().optional(), destinations: z.array(destinationSchema).readonly() }), summary: 'Where a gate or a question is asked about, or where else, after an escalation.' },
});
export type ChannelAudienceEvent = EventOf<typeof channelAudienceEvents>;

/** What somebody did in a channel: once, however often the platform says so. */
export const channelInteractionSchema = z.object({
  ...identity,
  interaction_key: z.string().max(400),
  /** SHA-256 of the body as it came. */
  body_digest: z.string(),
  user_id: z.string(),
  display_name: z.string().max(256).optional(),
  delivery_id: z.string(),
  decision: gateDecisionSchema,
  reason: z.string().max(4000).optional(),
  /** Who decides, as the channel vouches for it. */
  actor: governanceActorSchema,
  /** What the card asked about: a decision counts for this opening and no other. */
  run_id: z.string(),
  node_id: z.string(),
  approval_request_id: z.string(),
  gate_opening_id: z.string(),
});
export type ChannelInteraction = z.infer<typeof channelInteractionSchema>;

export const channelInteractionEvents = defineEvents({
  channel_interaction_received: { version: 1, data: z.object({ interaction: channelInteractionSchema }), summary: 'A person pressed a button or gave a reason in a channel, and may; the decision follows.' },
  channel_interaction_refused: {
    version: 1, data: z.object({ ...identity, interaction_key: z.string(), body_digest: z.string(), user_id: z.string(), delivery_id: z.string(), requested_decision: z.string(), code: z.string(), detail: z.string(), actor: governanceActorSchema }),
    audit: 'channel.interaction_denied', summary: 'Somebody pressed a button in a channel and may not.',
  },
  channel_interaction_settled: {
    version: 1, data: z.object({ outcome: z.enum(['decided', 'too_late', 'refused']), /** Of a vote that took effect: the gate waits for others. */ still_open: z.boolean().optional(), code: z.string().optional(), text: z.string() }),
    summary: 'What became of an interaction, as it was told to who acted.',
  },
});
export type ChannelInteractionEvent = EventOf<typeof channelInteractionEvents>;
