import { z } from 'zod';
import { automationEvents, automationVersionSchema, type AutomationEvent } from '@cs/contracts';
import { automationStatus, evolveAutomation, type AutomationState } from '@cs/automation-domain';
import type { Aggregate } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { automationGovernanceSchema } from './governance/governance.aggregates.js';

const storedSchema = automationEvents.automation_created.data
  .extend({ status: z.enum(['active', 'paused', 'draft', 'deleted']), deleted_paused: z.boolean().exactOptional(), created_at_ms: z.int().nonnegative(), updated_at_ms: z.int().nonnegative(), versions: z.array(automationVersionSchema).readonly().optional(), governance: automationGovernanceSchema.optional() })
  // States of a release that kept no versions know their present one.
  .transform(({ versions, ...stored }) => ({
    ...stored, versions: versions ?? [{ version: stored.definition_version, hash: stored.definition_hash, stored_at_ms: stored.updated_at_ms }],
  }));

/** How automations are folded and stored: by reference to their definition's hash. */
export const automationAggregate: Aggregate<AutomationState, AutomationEvent> = {
  name: 'automation',
  initialState: undefined,
  evolve: evolveAutomation,
  status: automationStatus,
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (automation) => (automation ?? null) as unknown as Json,
  readState: (value) => storedSchema.parse(value),
};
