import { z } from 'zod';
import { runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const refused = { run_id: runIdSchema, code: z.string(), detail: z.string(), actor: governanceActorSchema };

/** Refused decisions and answers stand beside the run, not in it: a flood of them cannot delay the run. */
export const gateRefusalEvents = defineEvents({
  gate_decision_refused: {
    version: 1,
    data: z.object({ ...refused, decision: z.string(), node_id: z.string().optional() }),
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
  human_response_refused: {
    version: 1,
    // The answer itself stays out: what was refused may be a secret.
    data: z.object({ ...refused, request_id: z.string(), response: z.enum(['answer', 'accept', 'decline']) }),
    audit: 'automation.governance.human_response_denied',
    summary: 'Someone tried to answer a question, or to take an escalation on or off, and was refused.',
  },
});
export type GateRefusalEvent = EventOf<typeof gateRefusalEvents>;
