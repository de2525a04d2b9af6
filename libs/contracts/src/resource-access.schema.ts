import { z } from 'zod';
import { principalRefSchema } from './authority.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

/** Who sees an automation beside its owner and administrators: nobody, the groups of its audience, or everybody. */
export const visibilitySchema = z.enum(['private', 'group', 'org']);
export type Visibility = z.infer<typeof visibilitySchema>;

/** `metadata.resource_access` of an automation (domain 1.5). */
export const resourceAccessSchema = z.object({
  owner_principal: principalRefSchema,
  visibility: visibilitySchema.default('private'),
  audience_principals: z.array(principalRefSchema).max(256).readonly().default([]),
  created_by: governanceActorSchema.optional(),
  updated_by: governanceActorSchema.optional(),
});
export type ResourceAccess = z.infer<typeof resourceAccessSchema>;
