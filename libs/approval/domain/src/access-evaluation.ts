import type { AccessPermission, DataClass, ResourceRef, ScopedGrant, StrictTenantContext } from '@cs/contracts';

export type AccessReason =
  | 'context_expired' | 'data_class_denied_by_boundary' | 'resource_explicitly_denied_by_scope' | 'matching_deny_grant'
  | 'resource_outside_projected_scope' | 'matching_allow_grant' | 'no_matching_allow_grant';

/** Only `allow` is permission. */
export interface AccessDecision {
  readonly decision: 'allow' | 'deny' | 'not_applicable';
  readonly reason: AccessReason;
  readonly grant_id?: string;
}

export interface AccessQuestion {
  readonly resource: ResourceRef;
  readonly permission: AccessPermission;
  readonly data_class: DataClass;
  readonly at_ms: number;
}

const canonical = (id: string | undefined): string | undefined => id?.trim().toLowerCase();
const isSame = (a: string | undefined, b: string | undefined): boolean => canonical(a) !== undefined && canonical(a) === canonical(b);

const segments = (path: string): readonly string[] => path.split('/').filter((segment) => segment !== '');

/** `/doc` covers `/doc/a` and not `/docs-secret`. */
const coversPath = (prefix: string, path: string | undefined): boolean => {
  if (path === undefined) return false;
  const parts = segments(path);
  return segments(prefix).every((segment, index) => parts[index] === segment);
};

const workspaceMatches = (granted: ResourceRef, target: ResourceRef): boolean => granted.workspace_id.trim() === '*' || isSame(granted.workspace_id, target.workspace_id);

/** Kinds without a rule of their own: the same thing, or a place that holds it. */
const coversOther = (granted: ResourceRef, target: ResourceRef): boolean => {
  if (granted.project_id !== undefined && !isSame(granted.project_id, target.project_id)) return false;
  const isSameResource = granted.resource_kind === target.resource_kind && isSame(granted.resource_id, target.resource_id);
  if (granted.path_prefix === undefined) return isSameResource;
  return coversPath(granted.path_prefix, target.path_prefix);
};

type Covers = (granted: ResourceRef, target: ResourceRef) => boolean;

const coversWorkspace: Covers = (granted, target) =>
  granted.resource_id.trim() === '*' || isSame(granted.resource_id, target.workspace_id) || isSame(granted.resource_id, target.resource_id);

const coverings: Partial<Record<ResourceRef['resource_kind'], Covers>> = {
  organization: (granted, target) => isSame(granted.resource_id, target.organization_id),
  workspace: coversWorkspace,
  department: coversWorkspace,
  project: (granted, target) => isSame(granted.resource_id, target.project_id) || isSame(granted.resource_id, target.resource_id),
};

/** Whether what is granted on one resource holds for another (domain 1.3, "applies to"). */
export const appliesTo = (granted: ResourceRef, target: ResourceRef): boolean =>
  isSame(granted.organization_id, target.organization_id) && workspaceMatches(granted, target) && (coverings[granted.resource_kind] ?? coversOther)(granted, target);

const matches = (grant: ScopedGrant, { resource, permission, data_class, at_ms }: AccessQuestion): boolean =>
  (grant.expires_at_ms === undefined || grant.expires_at_ms > at_ms) &&
  grant.permissions.includes(permission) && grant.data_classes.includes(data_class) && appliesTo(grant.resource, resource);

const crossesBoundary = ({ allowed, denied }: StrictTenantContext['data_boundary'], data_class: DataClass): boolean =>
  denied.includes(data_class) || (allowed.length > 0 && !allowed.includes(data_class));

const isInScope = ({ root, allowed_resources }: StrictTenantContext['resource_scope'], target: ResourceRef): boolean =>
  [root, ...allowed_resources].some((resource) => appliesTo(resource, target));

/** Whether a caller may do something to a resource that holds data of a class: the first rule that fits decides (domain 1.3). */
export const evaluateAccess = (context: StrictTenantContext, question: AccessQuestion): AccessDecision => {
  if (context.expires_at_ms <= question.at_ms) return { decision: 'deny', reason: 'context_expired' };
  if (crossesBoundary(context.data_boundary, question.data_class)) return { decision: 'deny', reason: 'data_class_denied_by_boundary' };
  if (context.resource_scope.denied_resources.some((resource) => appliesTo(resource, question.resource))) return { decision: 'deny', reason: 'resource_explicitly_denied_by_scope' };
  const matching = context.grants.filter((grant) => matches(grant, question));
  const denied = matching.find(({ effect }) => effect === 'deny');
  if (denied) return { decision: 'deny', reason: 'matching_deny_grant', grant_id: denied.grant_id };
  if (!isInScope(context.resource_scope, question.resource)) return { decision: 'not_applicable', reason: 'resource_outside_projected_scope' };
  const [allowed] = matching;
  if (allowed) return { decision: 'allow', reason: 'matching_allow_grant', grant_id: allowed.grant_id };
  return { decision: 'not_applicable', reason: 'no_matching_allow_grant' };
};
