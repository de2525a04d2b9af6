import { z } from 'zod';
import { epochMsSchema } from './scalars.schema.js';
import { tenantContextSchema } from './tenant.schema.js';

const id = z.string().min(1).max(256);
const ids = z.array(id).max(1000).readonly();

export const principalKindSchema = z.enum([
  'human_user', 'organization_unit', 'group', 'department', 'agent_worker', 'automation', 'service_account', 'external_delegate', 'support_operator',
]);
export const accessPermissionSchema = z.enum(['view', 'read', 'edit', 'execute', 'delegate', 'admin']);
export type AccessPermission = z.infer<typeof accessPermissionSchema>;

export const dataClassSchema = z.enum([
  'public', 'internal', 'confidential', 'restricted', 'executive', 'credential', 'regulated', 'customer_data', 'source_code', 'financial_record',
]);
export type DataClass = z.infer<typeof dataClassSchema>;

/** What a step may do to the world, from harmless to irreversible (domain 5.2). */
export const riskTierSchema = z.enum([
  'read_discover', 'internal_write', 'external_draft', 'customer_data_access', 'source_code_mutation', 'consequential_write', 'external_send',
  'financial_record_access', 'credential_admin', 'destructive_delete', 'money_movement_contract',
]);
export type RiskTier = z.infer<typeof riskTierSchema>;

export const resourceKindSchema = z.enum([
  'organization', 'workspace', 'organization_unit', 'department', 'group', 'project', 'data_room', 'shared_drive', 'document_collection', 'data_store', 'dataset',
  'document', 'repository', 'directory', 'file', 'artifact', 'memory_space', 'knowledge_space', 'secret_provider_credential', 'automation', 'run', 'approval',
  'audit_export', 'mcp_server', 'mcp_tool', 'connector_instance', 'source_binding', 'source_object', 'ingestion_job', 'external_integration_account',
]);
export type ResourceKind = z.infer<typeof resourceKindSchema>;

export const principalRefSchema = z.object({ kind: principalKindSchema, id });
export type PrincipalRef = z.infer<typeof principalRefSchema>;

/** Names something that access is granted to. Ids compare without case and outer spaces. */
export const resourceRefSchema = z.object({
  organization_id: id,
  /** `*` in a grant means every workspace of the organisation. */
  workspace_id: id,
  project_id: id.optional(),
  resource_kind: resourceKindSchema,
  resource_id: id,
  parent_path: ids.default([]),
  branch_id: id.optional(),
  /** Compared by whole segments: `/doc` does not cover `/docs-secret`. */
  path_prefix: z.string().min(1).max(1024).optional(),
});
export type ResourceRef = z.infer<typeof resourceRefSchema>;

/** Permissions for data classes on a resource. Empty lists match nothing. */
export const scopedGrantSchema = z.object({
  grant_id: id,
  principal: principalRefSchema,
  resource: resourceRefSchema,
  effect: z.enum(['allow', 'deny']).default('allow'),
  permissions: z.array(accessPermissionSchema).readonly(),
  data_classes: z.array(dataClassSchema).readonly(),
  tool_patterns: ids.default([]),
  grant_source: z.enum([
    'direct', 'organization_unit_membership', 'group_membership', 'department_membership', 'inherited', 'executive_global', 'delegation', 'cross_tenant_grant', 'break_glass',
  ]),
  source_principal: principalRefSchema.optional(),
  /** From then on the grant is void. */
  expires_at_ms: epochMsSchema.optional(),
  delegation_id: id.optional(),
});
export type ScopedGrant = z.infer<typeof scopedGrantSchema>;

const authorityChainSchema = z.object({ initiated_by: id, owned_by: id.optional(), executed_as: id, approved_by: id.optional() });

/** What an assertion lets its bearer do, and no more (domain 1.2). */
export const strictTenantContextSchema = z.object({
  tenant: tenantContextSchema,
  principal: principalRefSchema,
  authority_chain: authorityChainSchema,
  resource_scope: z.object({
    root: resourceRefSchema,
    allowed_resources: z.array(resourceRefSchema).readonly().default([]),
    denied_resources: z.array(resourceRefSchema).readonly().default([]),
    max_depth: z.int().nonnegative().optional(),
  }),
  grants: z.array(scopedGrantSchema).max(1000).readonly(),
  /** A denied class always loses; an empty list of allowed classes admits all others. */
  data_boundary: z.object({ allowed: z.array(dataClassSchema).readonly().default([]), denied: z.array(dataClassSchema).readonly().default([]) }),
  expires_at_ms: epochMsSchema,
  remaining_delegation_depth: z.int().nonnegative().optional(),
});
export type StrictTenantContext = z.infer<typeof strictTenantContextSchema>;

/** A caller as a signed assertion vouches for it. */
export const verifiedTenantContextSchema = z.object({
  tenant_context: tenantContextSchema,
  human_actor: z.object({ actor_id: id, provider: id.optional(), issuer: id.optional(), subject: id.optional(), email: id.optional() }),
  authority_chain: authorityChainSchema,
  roles: ids.default([]),
  org_units: ids.default([]),
  capabilities: ids.default([]),
  policy_version: id.optional(),
  strict_projection: strictTenantContextSchema.optional(),
  issuer: id,
  audience: id,
  issued_at_ms: epochMsSchema,
  expires_at_ms: epochMsSchema,
  assertion_id: id,
  assertion_key_id: id.optional(),
});
export type VerifiedTenantContext = z.infer<typeof verifiedTenantContextSchema>;
