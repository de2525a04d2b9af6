import { z } from 'zod';
import { effectPolicyVersionSchema } from '../effect-policy.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** The policy of a workspace. */
export const effectPolicyEvents = defineEvents({
  effect_policy_published: {
    version: 1, data: effectPolicyVersionSchema.omit({ published_at_ms: true }).extend({ command_id: z.string().optional() }), audit: 'automation.governance.effect_policy_published',
    summary: 'The workspace judges effects by a new version of its policy from now on.',
  },
});
export type EffectPolicyEvent = EventOf<typeof effectPolicyEvents>;
