import { evolveResource, freeResource, type ResourceState } from '@cs/automation-domain';
import type { AdmissionEvent } from '@cs/contracts';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { z } from 'zod';

const stateSchema: z.ZodType<ResourceState> = z.object({
  holders: z.record(z.string(), z.object({ turn: z.int(), offered: z.boolean(), begins: z.boolean() })),
  waiters: z.array(z.object({ run_id: z.string(), turn: z.int(), created_at_ms: z.int(), after_lock: z.boolean(), begins: z.boolean() })),
  starts: z.array(z.tuple([z.int(), z.int()])),
});

/** A resource that runs share, under the digest of its key. */
export const resourceAggregate: Aggregate<ResourceState, AdmissionEvent> = {
  name: 'admission',
  initialState: freeResource,
  evolve: evolveResource,
  status: ({ waiters }) => (waiters.length > 0 ? 'contended' : 'free'),
  isAtRest: () => false,
  stateVersion: 1,
  writeState: (state) => state as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};
