import { enterpriseScopeSchema, riskTierSchema, type AutomationDefinition, type DefinitionScope, type EnterpriseScope, type Run, type StatefulScope } from '@cs/contracts';
import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';

type ScopedDefinition = Pick<AutomationDefinition, 'flow' | 'metadata'>;

const enterpriseScope = ({ metadata }: ScopedDefinition): EnterpriseScope => {
  const given = metadata?.['enterprise_scope'];
  return enterpriseScopeSchema.parse(isJsonObject(given) ? given : {});
};

const tiers: readonly string[] = riskTierSchema.options;

/** The gravest of the tiers that exist; a tier of nobody's list is less grave than all others. */
const gravest = (found: readonly string[]): string | null => [...found].sort((a, b) => tiers.indexOf(b) - tiers.indexOf(a))[0] ?? null;

const nodeTiers = ({ flow }: ScopedDefinition): readonly string[] => flow.nodes.flatMap(({ risk_tier }) => (risk_tier === undefined ? [] : [risk_tier]));
const nodeClasses = ({ flow }: ScopedDefinition): readonly string[] => flow.nodes.flatMap(({ data_classes = [] }) => data_classes);

/** Whom and what the runs of a definition concern (domain 1.6). */
export const scopeOf = (definition: ScopedDefinition): DefinitionScope => {
  const given = enterpriseScope(definition);
  return {
    owning_org_unit_id: given.owning_org_unit_id ?? null, owner_principal: given.owner_principal ?? null, resource_scope: given.resource_scope ?? null,
    data_classes: [...new Set([...given.data_classes, ...nodeClasses(definition)])].sort(), risk_tier: given.risk_tier ?? gravest(nodeTiers(definition)),
    policy_version_id: given.policy_version_id ?? null, delegation_grant_ids: given.delegation_grant_ids, source_binding_id: given.source_binding_id ?? null,
  };
};

/** What runs are found by through their definition. */
export interface ScopeFilter {
  readonly org_unit_id?: string | undefined;
  readonly resource_kind?: string | undefined;
  readonly resource_id?: string | undefined;
  readonly policy_version_id?: string | undefined;
  readonly data_class?: string | undefined;
  readonly risk_tier?: string | undefined;
  readonly delegation_grant_id?: string | undefined;
  readonly source_binding_id?: string | undefined;
}

const keyOf = (name: keyof ScopeFilter, value: string): string => JSON.stringify([name, value]);

const keys = (name: keyof ScopeFilter, ...values: readonly (Json | undefined)[]): readonly string[] =>
  values.flatMap((value) => (typeof value === 'string' && value !== '' ? [keyOf(name, value)] : []));

/** The resource that a scope is about: its root, or itself. */
const resourceOf = (scope: Json): JsonObject => {
  if (!isJsonObject(scope)) return {};
  return isJsonObject(scope['root']) ? scope['root'] : scope;
};

/** What a definition is found by, each on a line of its own. */
export const scopeKeysOf = (definition: ScopedDefinition): readonly string[] => {
  const scope = scopeOf(definition);
  const resource = resourceOf(scope.resource_scope);
  const found = [
    ...keys('org_unit_id', scope.owning_org_unit_id), ...keys('resource_kind', resource['resource_kind']), ...keys('resource_id', resource['resource_id']),
    ...keys('policy_version_id', scope.policy_version_id), ...keys('data_class', ...scope.data_classes), ...keys('risk_tier', scope.risk_tier, ...nodeTiers(definition)),
    ...keys('delegation_grant_id', ...scope.delegation_grant_ids), ...keys('source_binding_id', scope.source_binding_id),
  ];
  return [...new Set(found)].sort();
};

const filterNames = ['org_unit_id', 'resource_kind', 'resource_id', 'policy_version_id', 'data_class', 'risk_tier', 'delegation_grant_id', 'source_binding_id'] as const satisfies readonly (keyof ScopeFilter)[];

/** The keys that a definition has to have; none when nothing is asked of it. */
export const wantedScopeKeys = (filter: ScopeFilter): readonly string[] => filterNames.flatMap((name) => keys(name, filter[name]));

/** The scope of a run: its tenant, and what its definition says. */
export const statefulScope = ({ tenant_context: { org_id, workspace_id, deployment_id } }: Run, scope: DefinitionScope | null): StatefulScope => ({
  schema_version: 1, tenant_context: { org_id, workspace_id, deployment_id: deployment_id ?? null }, ...(scope ?? scopeOf({ flow: { nodes: [] } })),
});
