import { z } from 'zod';
import { principalRefSchema } from '../authority.schema.js';
import { automationDefinitionSchema } from '../definition.schema.js';
import { capabilitySchema, provenanceSchema } from '../governance.schema.js';
import { resourceAccessSchema, visibilitySchema } from '../resource-access.schema.js';
import { automationIdSchema, digestSchema, epochMsSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { automationGovernanceEvents } from './automation-governance.events.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const stored = z.object({
  automation_id: automationIdSchema,
  tenant_context: tenantContextSchema,
  name: z.string(),
  status: z.enum(['active', 'paused', 'draft']),
  definition_version: z.string(),
  definition_hash: digestSchema,
  changed_by: governanceActorSchema,
  /** Whom it belongs to and who sees it; absent when that was never recorded. */
  resource_access: resourceAccessSchema.optional(),
  /** Of what an agent made. Absent: a person made it. */
  provenance: provenanceSchema.optional(),
  /** What the definition declares to use. */
  declared_capabilities: z.array(capabilitySchema).readonly().optional(),
  /** Of what an agent makes: until when it may start runs. */
  expires_at_ms: epochMsSchema.optional(),
});

export const automationEvents = defineEvents({
  automation_created: { version: 1, data: stored, audit: 'automation.governance.created', summary: 'An automation was stored for the first time.' },
  automation_updated: { version: 1, data: stored, audit: 'automation.governance.updated', summary: 'An automation has a new definition.' },
  automation_paused: { version: 1, data: stored.extend({ reason: z.string() }), audit: 'automation.governance.paused', summary: 'No run of the automation begins or goes on; those that execute are paused.' },
  automation_resumed: { version: 1, data: stored, audit: 'automation.governance.resumed', summary: 'Runs of the automation may begin; those that were paused stay so.' },
  automation_shared: { version: 1, data: stored.extend({ visibility: visibilitySchema, audience_principals: z.array(principalRefSchema).readonly() }), audit: 'automation.governance.shared', summary: 'Others may see the automation, or no longer.' },
  automation_deleted: { version: 1, data: stored, audit: 'automation.governance.deleted', summary: 'The automation is gone; runs that exist keep their definition.' },
  ...automationGovernanceEvents,
});
export type AutomationEvent = EventOf<typeof automationEvents>;

/** A definition is stored once under its own hash and never changes: runs pin the hash. */
export const definitionEvents = defineEvents({
  definition_stored: { version: 1, data: z.object({ definition_hash: digestSchema, definition: automationDefinitionSchema }), summary: 'A definition became available under its hash.' },
});
export type DefinitionEvent = EventOf<typeof definitionEvents>;
