import { z } from 'zod';
import { delegationIdSchema, delegationSchema } from '../delegation.schema.js';
import { nodeIdSchema, runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const identity = { delegation_id: delegationIdSchema, tenant_context: tenantContextSchema };

/** Who stands in for whom; one aggregate per person who is stood in for, so that an end and a use have an order. */
export const delegationEvents = defineEvents({
  delegation_set: {
    version: 1, data: z.object({ delegation: delegationSchema, tenant_context: tenantContextSchema }),
    audit: 'automation.governance.delegation_set', summary: 'A person named somebody who decides gates for them for a time.',
  },
  delegation_ended: {
    version: 1, data: z.object({ ...identity, ended_by: governanceActorSchema, reason: z.string().optional() }),
    audit: 'automation.governance.delegation_ended', summary: 'A delegation was ended before its time.',
  },
  delegation_used: {
    version: 1,
    data: z.object({
      ...identity,
      run_id: runIdSchema,
      node_id: nodeIdSchema,
      gate_opening_id: z.string(),
      /** As in the run's decision or vote, if it took effect there. */
      decision_id: z.string(),
      decision: z.string(),
      used_by: governanceActorSchema,
      /** Counts the uses of the delegation from 1. */
      use: z.int().positive(),
    }),
    audit: 'automation.governance.delegation_used', summary: 'A stand-in was let decide; whether the decision took effect is in the run.',
  },
});
export type DelegationEvent = EventOf<typeof delegationEvents>;
