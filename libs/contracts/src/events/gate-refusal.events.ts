import { z } from 'zod';
import { runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** Refused decisions stand beside the run, not in it: a flood of them cannot delay the run. */
export const gateRefusalEvents = defineEvents({
  gate_decision_refused: {
    version: 1,
    data: z.object({ run_id: runIdSchema, code: z.string(), detail: z.string(), decision: z.string(), node_id: z.string().optional(), actor: governanceActorSchema }),
    audit: 'automation.governance.gate_decision_denied',
    summary: 'Someone tried to decide a gate and was refused.',
  },
  delegation_refused: {
    version: 1,
    data: z.object({
      tenant_context: tenantContextSchema, code: z.string(), detail: z.string(), request: z.enum(['set', 'end']),
      delegator: z.string().optional(), stand_in: z.string().optional(), delegation_id: z.string().optional(), actor: governanceActorSchema,
    }),
    audit: 'automation.governance.delegation_denied',
    summary: 'Someone tried to set or end a delegation and was refused.',
  },
});
export type GateRefusalEvent = EventOf<typeof gateRefusalEvents>;
