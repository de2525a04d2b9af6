import { z } from 'zod';
import { tenantContextSchema, type WatchEvent } from '@cs/contracts';
import { evolveWatch, type WatchState } from '@cs/automation-domain';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';

const stateSchema = z.object({ automation_id: z.string(), tenant_context: tenantContextSchema, handoff_id: z.string(), run_id: z.string(), triggered_at_ms: z.int().nonnegative() });

/** What the watch conditions of the automation of the same id last led to. */
export const watchAggregate: Aggregate<WatchState, WatchEvent> = {
  name: 'watch',
  initialState: undefined,
  evolve: evolveWatch,
  status: (watch) => (watch === undefined ? 'absent' : 'triggered'),
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (watch) => (watch ?? null) as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};
