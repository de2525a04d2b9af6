import { z } from 'zod';
import { verifiedTenantContextSchema } from './authority.schema.js';
import { governanceActorSchema, tenantContextSchema } from './tenant.schema.js';

/** What travels with every command and query between services. */
export const callContextSchema = z.object({
  tenant: tenantContextSchema,
  actor: governanceActorSchema,
  /** What a signed assertion vouches for; absent when the request carried none. */
  verified: verifiedTenantContextSchema.optional(),
  /** Roles and groups of the caller, as verified; absent means none. */
  memberships: z.object({ roles: z.array(z.string()).readonly(), groups: z.array(z.string()).readonly() }).optional(),
  /** Agents that led to the agent that acts, nearest last; absent means none. */
  ancestors: z.array(z.string().min(1).max(256)).max(32).readonly().optional(),
  correlation_id: z.string().min(1).max(128),
});
export type CallContext = z.infer<typeof callContextSchema>;
