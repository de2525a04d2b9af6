import { z } from 'zod';
import { automationIdSchema, digestSchema, epochMsSchema, runIdSchema } from '../scalars.schema.js';
import { misfirePolicySchema, scheduleSchema } from '../schedule.schema.js';
import { tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const identity = { automation_id: automationIdSchema, tenant_context: tenantContextSchema };
/** Absent: it does not fire again. */
const nextFire = { next_fire_at_ms: epochMsSchema.optional() };
/** What came due; `missed` counts the fire times that nobody was there for, 0 for one on time. */
const due = { due_at_ms: epochMsSchema, missed: z.int().nonnegative(), policy: misfirePolicySchema };

/** The schedule of an automation at work (domain 2.2). Its id is the automation's. */
export const scheduleEvents = defineEvents({
  schedule_armed: {
    version: 1, data: z.object({ ...identity, schedule: scheduleSchema, definition_hash: digestSchema, ...nextFire }),
    summary: 'The schedule of an active automation was set or changed.',
  },
  schedule_fired: {
    version: 1,
    data: z.object({
      ...identity, ...due, ...nextFire,
      fired_at_ms: epochMsSchema,
      /** Runs to create, one for each of `due_times_ms`, in that order. */
      run_ids: z.array(runIdSchema).min(1).readonly(),
      due_times_ms: z.array(epochMsSchema).min(1).readonly(),
      definition_hash: digestSchema,
      definition_version: z.string(),
    }),
    summary: 'A fire time came: the runs that it names are to be created.',
  },
  schedule_skipped: {
    version: 1,
    data: z.object({ ...identity, ...due, ...nextFire, reason: z.enum(['active_run', 'misfire_skip', 'automation_not_active']), active_run_id: runIdSchema.optional() }),
    summary: 'A fire time passed without a run.',
  },
  schedule_disarmed: { version: 1, data: z.object({ ...identity, reason: z.string() }), summary: 'The automation is no longer active, or no longer has a schedule.' },
});
export type ScheduleEvent = EventOf<typeof scheduleEvents>;
