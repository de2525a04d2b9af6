import { z } from 'zod';
import { schedulerSchema } from '../run.schema.js';

/** Why a queued run is held until someone releases it; a back-off is not a hold, it ends by itself. */
export const holdReasonSchema = schedulerSchema.shape.queue_reason.exclude(['retry_backoff']);
export type HoldReason = z.infer<typeof holdReasonSchema>;

const held = schedulerSchema.pick({ resource_key: true, retry_after_ms: true }).extend({ queue_reason: holdReasonSchema });

/** A queued run that has to wait its turn, and gets it (domain 3.5). */
export const runAdmissionEvents = {
  run_launch_held: { version: 1, data: held, activity: false, summary: 'A queued run is not claimed now: a limit is reached, its workspace is in use, or its automation is paused.' },
  run_launch_released: { version: 1, data: z.object({ reason: z.string() }), activity: false, summary: 'What held a queued run is over; it may be claimed.' },
} as const;
