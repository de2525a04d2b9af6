import { z } from 'zod';
import { defineEvents, type EventOf } from './event-catalogue.js';

export const deadLetterEvents = defineEvents({
  dead_letter_opened: {
    version: 1,
    data: z.object({
      dead_letter_id: z.string(),
      consumer: z.string(),
      stream: z.string(),
      stream_sequence: z.int().positive(),
      subject: z.string(),
      deliveries: z.int().positive(),
      reason: z.string(),
    }),
    audit: 'automation_v2.dead_letter.opened',
    summary: 'A message could not be handled and was set aside with its reason.',
  },
});
export type DeadLetterEvent = EventOf<typeof deadLetterEvents>;
