import { z } from 'zod';
import { principalRefSchema, type PrincipalRef } from './authority.schema.js';
import { jsonSchema } from './scalars.schema.js';
import type { Json } from '@cs/kernel';

const word = z.string().trim().min(1).max(256);
const words = z.array(word).max(1000).readonly();

/**
 * `metadata.enterprise_scope` of a definition (domain 1.6): whom and what its runs concern. It is free for clients, so a
 * member that cannot be read counts as absent.
 */
export const enterpriseScopeSchema = z.object({
  owning_org_unit_id: word.optional().catch(undefined),
  owner_principal: principalRefSchema.optional().catch(undefined),
  resource_scope: z.record(z.string(), jsonSchema).optional().catch(undefined),
  data_classes: words.default([]).catch([]),
  risk_tier: word.optional().catch(undefined),
  policy_version_id: word.optional().catch(undefined),
  delegation_grant_ids: words.default([]).catch([]),
  source_binding_id: word.optional().catch(undefined),
});
export type EnterpriseScope = z.infer<typeof enterpriseScopeSchema>;

/** Whom and what a run concerns, beside its tenant. */
export interface DefinitionScope {
  readonly owning_org_unit_id: string | null;
  /** Of the definition; else whoever owns the automation. */
  readonly owner_principal: PrincipalRef | null;
  readonly resource_scope: Json;
  /** Of the definition and of all its nodes, sorted. */
  readonly data_classes: readonly string[];
  /** Of the definition; else the gravest of its nodes. */
  readonly risk_tier: string | null;
  readonly policy_version_id: string | null;
  readonly delegation_grant_ids: readonly string[];
  readonly source_binding_id: string | null;
}

/** The scope of a record of a run (domain 1.6). */
export interface StatefulScope extends DefinitionScope {
  readonly schema_version: 1;
  readonly tenant_context: { readonly org_id: string; readonly workspace_id: string; readonly deployment_id: string | null };
}
