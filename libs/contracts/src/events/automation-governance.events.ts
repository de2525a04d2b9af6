import { z } from 'zod';
import { capabilitySchema, grantSchema, reviewFindingSchema, runHealthSchema } from '../governance.schema.js';
import { automationIdSchema, digestSchema, epochMsSchema, runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';

const of = { automation_id: automationIdSchema, tenant_context: tenantContextSchema };
const by = { changed_by: governanceActorSchema };
const why = { reason: z.string() };

/** What governs an automation (domain 10.3). They stand in the automation itself, so that a change and what forbids it meet in one decision. */
export const automationGovernanceEvents = {
  automation_definition_approved: {
    version: 1, data: z.object({ ...of, definition_hash: digestSchema, capabilities: z.array(capabilitySchema).readonly(), approval_id: z.string(), approved_by: governanceActorSchema }),
    audit: 'automation.governance.activation_approved', summary: 'A person allowed one definition that an agent made to start runs, with what it declares to use.',
  },
  automation_retired: { version: 1, data: z.object({ ...of, ...by, ...why }), audit: 'automation.governance.retired', summary: 'The automation starts no runs any more, and agents may not change it.' },
  automation_restored: { version: 1, data: z.object({ ...of, ...by, ...why }), audit: 'automation.governance.restored', summary: 'A retired automation may start runs again.' },
  automation_extended: { version: 1, data: z.object({ ...of, ...by, expires_at_ms: epochMsSchema }), audit: 'automation.governance.extended', summary: 'An automation that an agent made may start runs until a later time.' },
  automation_expired: { version: 1, data: z.object({ ...of, expires_at_ms: epochMsSchema }), audit: 'automation.governance.expired', summary: 'A run wanted to start after the automation\'s time was over; none starts until it is extended.' },
  automation_launch_admitted: { version: 1, data: z.object({ ...of, run_id: runIdSchema }), activity: false, summary: 'A run of an automation that an agent made was allowed to start, and counts for its next review.' },
  automation_expiry_warned: { version: 1, data: z.object({ ...of, expires_at_ms: epochMsSchema }), audit: 'automation.governance.expiry_warned', summary: 'The time of an automation that an agent made is nearly over; a person can extend it.' },
  automation_health_checked: {
    version: 1,
    data: z.object({
      ...of, health: runHealthSchema, findings: z.array(reviewFindingSchema).readonly(),
      /** The newest launch that was known when the runs were read: later ones are still to be looked at. Absent in events of before: the event's own time. */
      launched_at_ms: epochMsSchema.optional(),
    }),
    activity: false,
    summary: 'The newest runs of an automation that an agent made were looked at.',
  },
  automation_review_required: {
    version: 1,
    data: z.object({
      ...of, ...why, launches: z.int().nonnegative(),
      /** What was found about its runs. Absent: so many have started since the last review. */
      findings: z.array(reviewFindingSchema).readonly().optional(),
    }),
    audit: 'automation.governance.review_required', summary: 'No further run starts until a person has reviewed the automation.',
  },
  automation_reviewed: { version: 1, data: z.object({ ...of, note: z.string(), reviewed_by: governanceActorSchema }), audit: 'automation.governance.reviewed', summary: 'A person reviewed the automation; its runs count anew.' },
  automation_grant_added: { version: 1, data: z.object({ ...of, grant: grantSchema }), audit: 'automation.governance.grant_added', summary: 'An agent may change the automation, or the automation may use something.' },
  automation_grant_revoked: {
    version: 1, data: z.object({ ...of, ...by, ...why, grant: grantSchema, authority_revoked: z.boolean() }),
    audit: 'automation.governance.grant_revoked', summary: 'A grant is over. Where the automation declares to use what it granted, no run starts and those that execute are paused.',
  },
} as const;
