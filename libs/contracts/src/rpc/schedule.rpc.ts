import { z } from 'zod';
import { rpcMethod } from './rpc.js';

const dueSchedule = z.object({ org_id: z.string(), workspace_id: z.string(), automation_id: z.string(), next_fire_at_ms: z.int() });
export type DueSchedule = z.infer<typeof dueSchedule>;

const dueScheduleRange = z.object({
  due_before_ms: z.int().nonnegative(),
  /** The last of the page before. */
  after: dueSchedule.optional(),
  limit: z.int().min(1).max(1000).default(100),
});
export type DueScheduleRange = z.infer<typeof dueScheduleRange>;

/** Schedules of every tenant that should have fired: the safety net behind their timers. For services only. */
export const listDueSchedules = rpcMethod<{ schedules: readonly DueSchedule[] }>()(
  'cs.rpc.observability.schedules_due',
  dueScheduleRange,
);
