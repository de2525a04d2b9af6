import { z } from 'zod';
import { channelIdSchema, postedMessageSchema, recipientSchema } from '../channel.schema.js';
import { epochMsSchema, jsonSchema, nodeIdSchema, runIdSchema } from '../scalars.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/**
 * What is told: that a gate or a step asks and what follows it, a list of what waits, what became of a run,
 * dead letters, or that the channel works.
 */
export const noticeSchema = z.enum([
  'gate_opened', 'gate_voted', 'gate_reminded', 'gate_escalated', 'gate_decided', 'gate_closed', 'question_asked', 'question_reminded', 'question_answered', 'question_closed', 'gates_waiting', 'run_failed', 'run_blocked', 'run_completed', 'dead_letters', 'test',
]);
export type Notice = z.infer<typeof noticeSchema>;

/** What a channel is asked to tell, with everything needed to render it. Holds no secret. */
export const deliveryRequestSchema = z.object({
  delivery_id: z.string(),
  /** Kind of an installation, or the name of a channel of the notifier's own configuration. */
  channel: z.string(),
  notice: noticeSchema,
  /** Which reminder, escalation, digest or test; each is told once. */
  notification_key: z.string().optional(),
  /** Absent where no run is concerned, or several. */
  run_id: runIdSchema.optional(),
  automation_id: z.string().optional(),
  /** Absent where no gate and no question is concerned, or several. */
  node_id: nodeIdSchema.optional(),
  approval_request_id: z.string().optional(),
  gate_opening_id: z.string().optional(),
  /** The question of a step. Absent where none is concerned. */
  request_id: z.string().optional(),
  /** What the gate or the question says it risks; `none` where it says nothing. Absent where neither is concerned, or in what is older. */
  risk_tier: z.string().optional(),
  /** The installation that tells it. Absent: a channel of the notifier's own configuration. */
  installation: channelIdSchema.optional(),
  recipient: recipientSchema.optional(),
  /** Votes that the gate had when this was asked for; absent where nobody votes, where they do not matter, and in what is older. */
  vote_count: z.int().nonnegative().optional(),
  /** It is not told before. */
  not_before_ms: epochMsSchema.optional(),
  /** Fewer items than this are not told at all. */
  minimum_items: z.int().positive().optional(),
  card: jsonSchema,
});
export type DeliveryRequest = z.infer<typeof deliveryRequestSchema>;

const attempt = z.int().positive();
const failed = z.object({ attempt, reason: z.string(), failed_at_ms: epochMsSchema, not_posted: z.boolean().optional() });

export const deliveryEvents = defineEvents({
  delivery_requested: { version: 1, data: deliveryRequestSchema, summary: 'A channel has something to tell.' },
  delivery_item_added: { version: 1, data: z.object({ item_id: z.string(), item: jsonSchema }), summary: 'A list that is still to be told has one item more.' },
  delivery_item_counted: { version: 1, data: z.object({ /** Of its id: the first 12 digits of the SHA-256. */ item_key: z.string() }), summary: 'A list that is full and still to be told has one item more, which only counts.' },
  delivery_hastened: { version: 1, data: z.object({ reason: z.string() }), summary: 'A delivery waits no longer for its time.' },
  delivery_attempt_started: { version: 1, data: z.object({ attempt, /** Tells attempts that begin at one moment apart. */ attempt_id: z.string(), started_at_ms: epochMsSchema }), summary: 'An attempt began; without an outcome after it, what came of it is not known.' },
  delivery_posted: { version: 1, data: z.object({ message: postedMessageSchema, posted_at_ms: epochMsSchema }), summary: 'A message is there and not finished, e.g. without its buttons; whoever comes next finishes this one.' },
  delivery_attempt_failed: { version: 1, data: failed, summary: 'A delivery attempt failed and will be repeated.' },
  delivery_sent: { version: 1, data: z.object({ attempt, sent_at_ms: epochMsSchema, message_id: z.string().optional(), message: postedMessageSchema.optional() }), summary: 'The channel accepted the message.' },
  delivery_abandoned: { version: 1, data: failed, summary: 'The channel refused for good, every attempt failed, or there was nothing to tell any more.' },
  delivery_duplicate_found: { version: 1, data: z.object({ message: postedMessageSchema, found_at_ms: epochMsSchema }), summary: 'A message of a delivery was pressed before it was recorded, or was posted by an attempt whose outcome was lost.' },
});
export type DeliveryEvent = EventOf<typeof deliveryEvents>;
