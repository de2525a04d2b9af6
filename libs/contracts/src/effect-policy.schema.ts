import { z } from 'zod';
import { dataClassSchema, riskTierSchema } from './authority.schema.js';
import { digestSchema, epochMsSchema } from './scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from './tenant.schema.js';

/** Longest text of a policy, in characters. */
export const maxPolicyLength = 64 * 1024;

/** What a workspace says about the effects of its runs. */
export const effectPolicySchema = z.object({
  policies: z.string().min(1).max(maxPolicyLength).describe('Policies in the Cedar language, each with an @id. They replace the shipped ones as a whole.'),
  denied_risk_tiers: z.array(riskTierSchema).max(32).default([]).describe('Tiers whose effects the shipped policies forbid.'),
  denied_data_classes: z.array(dataClassSchema).max(32).default([]).describe('Data classes whose effects the shipped policies forbid.'),
});
export type EffectPolicyInput = z.infer<typeof effectPolicySchema>;

/** A version of the policy of a workspace. It never changes. */
export const effectPolicyVersionSchema = effectPolicySchema.extend({
  /** From 1, in the order of publication. */
  number: z.int().positive(),
  /** Name of the version in decisions: its number and the beginning of its digest. */
  policy_version: z.string(),
  digest: digestSchema,
  note: z.string().max(4000).optional(),
  published_by: governanceActorSchema,
  published_at_ms: epochMsSchema,
  tenant_context: tenantContextSchema,
});
export type EffectPolicyVersion = z.infer<typeof effectPolicyVersionSchema>;
