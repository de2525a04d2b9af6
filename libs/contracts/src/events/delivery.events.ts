import { z } from 'zod';
import { epochMsSchema, jsonSchema, nodeIdSchema, runIdSchema } from '../scalars.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** What a channel is asked to tell, with everything needed to render it. Holds no secret. */
export const deliveryRequestSchema = z.object({
  delivery_id: z.string(),
  channel: z.string(),
  notice: z.enum(['gate_opened', 'gate_reminded', 'gate_escalated', 'gate_decided', 'gate_closed']),
  /** Which reminder or escalation; each is told once. */
  notification_key: z.string().optional(),
  run_id: runIdSchema,
  automation_id: z.string(),
  node_id: nodeIdSchema,
  approval_request_id: z.string(),
  gate_opening_id: z.string(),
  card: jsonSchema,
});
export type DeliveryRequest = z.infer<typeof deliveryRequestSchema>;

const failed = z.object({ attempt: z.int().positive(), reason: z.string(), failed_at_ms: epochMsSchema });

export const deliveryEvents = defineEvents({
  delivery_requested: { version: 1, data: deliveryRequestSchema, summary: 'A channel has something to tell.' },
  delivery_attempt_failed: { version: 1, data: failed, summary: 'A delivery attempt failed and will be repeated.' },
  delivery_sent: { version: 1, data: z.object({ attempt: z.int().positive(), sent_at_ms: epochMsSchema, message_id: z.string().optional() }), summary: 'The channel accepted the message.' },
  delivery_abandoned: { version: 1, data: failed, summary: 'The channel refused for good, or every attempt failed.' },
});
export type DeliveryEvent = EventOf<typeof deliveryEvents>;
