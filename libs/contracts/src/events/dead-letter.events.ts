import { z } from 'zod';
import { epochMsSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const opened = {
  dead_letter_id: z.string(),
  consumer: z.string(),
  stream: z.string(),
  stream_sequence: z.int().positive(),
  subject: z.string(),
  deliveries: z.int().positive(),
  reason: z.string(),
};

/** A dead letter that belongs to no run's own recovery: a message, or a wait that was given up. Each event says all of it. */
export const letterFactsSchema = z.object({ ...opened, source_type: z.enum(['message', 'stateful_wait']), source_id: z.string(), opened_at_ms: epochMsSchema, run_id: z.string().optional() });
export type LetterFacts = z.infer<typeof letterFactsSchema>;

const decided = { letter: letterFactsSchema, tenant_context: tenantContextSchema, reason: z.string(), by: governanceActorSchema };
const delivered = { letter: letterFactsSchema, tenant_context: tenantContextSchema, reason: z.string(), retries: z.int().positive() };

export const deadLetterEvents = defineEvents({
  dead_letter_opened: { version: 1, data: z.object(opened), audit: 'automation_v2.dead_letter.opened', summary: 'A message could not be handled and was set aside with its reason.' },
  dead_letter_retry_requested: { version: 1, data: z.object(decided), audit: 'automation_v2.dead_letter.retry_requested', summary: 'An operator asked that a message be handled once more.' },
  dead_letter_redelivered: { version: 1, data: z.object(delivered), audit: 'automation_v2.dead_letter.redelivered', summary: 'A message that had been set aside was handled.' },
  dead_letter_retry_failed: { version: 1, data: z.object(delivered), audit: 'automation_v2.dead_letter.retry_failed', summary: 'A message that had been set aside could not be handled this time either.' },
  dead_letter_closed: { version: 1, data: z.object(decided), audit: 'automation_v2.dead_letter.closed', summary: 'An operator said that nothing is to be done about a dead letter.' },
});
export type DeadLetterEvent = EventOf<typeof deadLetterEvents>;
