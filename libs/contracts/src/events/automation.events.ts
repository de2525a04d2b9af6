import { z } from 'zod';
import { automationDefinitionSchema } from '../definition.schema.js';
import { automationIdSchema, digestSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

const stored = z.object({
  automation_id: automationIdSchema,
  tenant_context: tenantContextSchema,
  name: z.string(),
  status: z.enum(['active', 'paused', 'draft']),
  definition_version: z.string(),
  definition_hash: digestSchema,
  changed_by: governanceActorSchema,
});

export const automationEvents = defineEvents({
  automation_created: { version: 1, data: stored, audit: 'automation.governance.created', summary: 'An automation was stored for the first time.' },
  automation_updated: { version: 1, data: stored, audit: 'automation.governance.updated', summary: 'An automation has a new definition.' },
});
export type AutomationEvent = EventOf<typeof automationEvents>;

/** A definition is stored once under its own hash and never changes: runs pin the hash. */
export const definitionEvents = defineEvents({
  definition_stored: { version: 1, data: z.object({ definition_hash: digestSchema, definition: automationDefinitionSchema }), summary: 'A definition became available under its hash.' },
});
export type DefinitionEvent = EventOf<typeof definitionEvents>;
