import { z } from 'zod';
import { scheduleSchema, tenantContextSchema, type ScheduleEvent } from '@cs/contracts';
import { evolveSchedule, type ScheduleState } from '@cs/automation-domain';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';

const milliseconds = z.int().nonnegative();
const common = z.object({ automation_id: z.string(), tenant_context: tenantContextSchema, last_fired_at_ms: milliseconds.optional(), last_run_ids: z.array(z.string()).readonly().optional() });
const stateSchema = z.discriminatedUnion('status', [
  common.extend({ status: z.literal('armed'), schedule: scheduleSchema, definition_hash: z.string(), next_fire_at_ms: milliseconds.optional() }),
  common.extend({ status: z.literal('disarmed') }),
]);

/** The schedule of the automation of the same id. */
export const scheduleAggregate: Aggregate<ScheduleState, ScheduleEvent> = {
  name: 'schedule',
  initialState: undefined,
  evolve: evolveSchedule,
  status: (schedule) => schedule?.status ?? 'absent',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (schedule) => (schedule ?? null) as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};
