import { z } from 'zod';
import { handoffArtifactSchema } from '../handoff.schema.js';
import { automationIdSchema, digestSchema, handoffIdSchema, runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const identity = { handoff_id: handoffIdSchema, target_automation_id: automationIdSchema, tenant_context: tenantContextSchema };

/** A handoff from its deposit to its consumption (domain 2.6). */
export const handoffEvents = defineEvents({
  handoff_deposited: {
    version: 1,
    data: z.object({ handoff: handoffArtifactSchema, tenant_context: tenantContextSchema, status: z.enum(['inbox', 'approved']), deposited_by: governanceActorSchema }),
    audit: 'automation.governance.handoff_deposited',
    summary: 'A handoff was left for an automation.',
  },
  handoff_approved: {
    version: 1, data: z.object({ ...identity, approved_by: governanceActorSchema }),
    audit: 'automation.governance.handoff_approved', summary: 'An operator approved a handoff; it may be consumed.',
  },
  handoff_consumed: {
    version: 1, data: z.object({ ...identity, consumed_by_run_id: runIdSchema, consumed_by_automation_id: automationIdSchema }),
    summary: 'A handoff started a run and is archived.',
  },
});
export type HandoffEvent = EventOf<typeof handoffEvents>;

/** What an automation's watch conditions led to; one aggregate per automation, so that its runs start one after the other. */
export const watchEvents = defineEvents({
  watch_triggered: {
    version: 1,
    data: z.object({
      automation_id: automationIdSchema,
      tenant_context: tenantContextSchema,
      handoff_id: handoffIdSchema,
      /** Derived from the handoff: the run that consumes it. */
      run_id: runIdSchema,
      definition_hash: digestSchema,
      definition_version: z.string(),
    }),
    summary: 'A watch condition holds: the handoff is to be consumed by a new run.',
  },
});
export type WatchEvent = EventOf<typeof watchEvents>;
