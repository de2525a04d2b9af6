import { z } from 'zod';
import { automationIdSchema, epochMsSchema, nodeIdSchema, runIdSchema } from '../scalars.schema.js';
import { tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** What the runs of an automation did without asking anybody, where its definition limits that. */
export const autonomyBudgetEvents = defineEvents({
  autonomy_spent: {
    version: 1, data: z.object({ automation_id: automationIdSchema, effect_id: z.string(), effects: z.int().positive(), spent_at_ms: epochMsSchema }),
    summary: 'An effect goes out without an approval and counts against the hour and the day.',
  },
});
export type AutonomyBudgetEvent = EventOf<typeof autonomyBudgetEvents>;

/** How far an effect goes by itself (run-records 7.8): it goes out, or it asks first. */
export const autonomyTierSchema = z.enum(['act_auto', 'act_with_approval']);

const held = {
  automation_id: automationIdSchema, tenant_context: tenantContextSchema, run_id: runIdSchema, node_id: nodeIdSchema, effect_id: z.string(),
  reason_code: z.enum(['hourly_autonomy_budget_exceeded', 'daily_autonomy_budget_exceeded']),
};

/** An effect that a budget keeps from going out by itself; one aggregate for each effect and each hour or day. */
export const autonomyTransitionEvents = defineEvents({
  autonomy_budget_exceeded: {
    version: 1, data: z.object({ ...held, effects: z.int().positive(), used: z.int().nonnegative(), limit: z.int().nonnegative(), window_begins_at_ms: epochMsSchema }),
    audit: 'autonomy.budget_exceeded', summary: 'An effect would be more than the automation may do in an hour or a day without asking.',
  },
  autonomy_tier_changed: {
    version: 1, data: z.object({ ...held, from_tier: autonomyTierSchema, to_tier: autonomyTierSchema }),
    audit: 'autonomy.tier_transition', summary: 'The effect does not go out by itself any more: it needs an approval.',
  },
});
export type AutonomyTransitionEvent = EventOf<typeof autonomyTransitionEvents>;
