import { z } from 'zod';
import { epochMsSchema, runIdSchema } from '../scalars.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** Version of a run when it became queued: names one turn of it. */
const turn = z.int().positive();

/** Who holds a resource that runs share (slots of an automation, a workspace), and who waits for it (domain 3.5). */
export const admissionEvents = defineEvents({
  admission_acquired: {
    version: 1,
    data: z.object({
      resource_key: z.string(), run_id: runIdSchema, turn,
      /** For a run that begins under a rate limit: when it counts, at the latest, and for how long. */
      start: z.object({ counted_at_ms: epochMsSchema, window_ms: z.int().positive() }).optional(),
    }),
    activity: false, summary: 'A run holds the resource and may execute.',
  },
  admission_queued: {
    version: 1,
    data: z.object({ resource_key: z.string(), run_id: runIdSchema, turn, created_at_ms: epochMsSchema, after_lock: z.boolean(), begins: z.boolean() }),
    activity: false, summary: 'A run waits for the resource.',
  },
  admission_offered: { version: 1, data: z.object({ run_id: runIdSchema }), activity: false, summary: 'The resource is kept for a run that waited for it.' },
  admission_ended: { version: 1, data: z.object({ run_id: runIdSchema }), activity: false, summary: 'A run neither holds the resource nor waits for it any more.' },
});
export type AdmissionEvent = EventOf<typeof admissionEvents>;
