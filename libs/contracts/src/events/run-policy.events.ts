import { z } from 'zod';
import { policyDecisionSchema, policyHoldSchema } from '../policy-decision.schema.js';

/** What policies decided about the effects of a run (domain 10). Whatever is more than a plain allow is a record of the audit. */
export const policyRunEvents = {
  policy_effect_allowed: { version: 1, data: policyDecisionSchema, activity: false, summary: 'The policy lets an effect go out without asking anybody.' },
  policy_effect_denied: { version: 1, data: policyDecisionSchema, audit: 'automation.policy.effect_denied', summary: 'The policy forbids an effect; its node fails and is not retried.' },
  policy_approval_required: {
    version: 1, data: policyDecisionSchema.extend({ hold: policyHoldSchema }), audit: 'automation.policy.approval_required',
    summary: 'The policy asks for an approval: a gate opens by itself before the node starts.',
  },
  policy_approval_used: {
    version: 1, data: policyDecisionSchema.extend({ approval_id: z.string() }), audit: 'automation.policy.approval_used',
    summary: 'An effect goes out under the approval of an opening of a gate, which holds for no other effect from now on.',
  },
} as const;
