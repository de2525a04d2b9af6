import { z } from 'zod';
import { automationIdSchema, epochMsSchema } from '../scalars.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** What the runs of an automation did without asking anybody, where its definition limits that. */
export const autonomyBudgetEvents = defineEvents({
  autonomy_spent: {
    version: 1, data: z.object({ automation_id: automationIdSchema, effect_id: z.string(), effects: z.int().positive(), spent_at_ms: epochMsSchema }),
    summary: 'An effect goes out without an approval and counts against the hour and the day.',
  },
});
export type AutonomyBudgetEvent = EventOf<typeof autonomyBudgetEvents>;
