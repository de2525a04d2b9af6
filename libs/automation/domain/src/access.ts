import type { CallContext, PrincipalRef, ResourceAccess, VerifiedTenantContext } from '@cs/contracts';

const adminRoles: ReadonlySet<string> = new Set(['owner', 'admin', 'hosted:owner', 'hosted:admin', 'enterprise:admin', 'workspace:admin', 'organization:admin']);
const adminCapabilities: ReadonlySet<string> = new Set(['hosted.owner', 'hosted.admin', 'automation.write', 'automation.share']);

/** Who a verified caller is. */
export const principalOf = ({ strict_projection, human_actor }: VerifiedTenantContext): PrincipalRef => strict_projection?.principal ?? { kind: 'human_user', id: human_actor.actor_id };

const isAdmin = ({ roles, capabilities }: VerifiedTenantContext): boolean => roles.some((role) => adminRoles.has(role)) || capabilities.some((capability) => adminCapabilities.has(capability));

/**
 * A person whose roles, as verified, make them an administrator. Without roles nobody is one, but the person
 * at this machine.
 */
export const isHumanAdministrator = ({ actor, tenant, verified, memberships }: Pick<CallContext, 'actor' | 'tenant' | 'verified' | 'memberships'>): boolean => {
  if (actor.kind !== 'human') return false;
  if (verified !== undefined) return isAdmin(verified);
  return tenant.source === 'local_implicit' || memberships?.roles.some((role) => adminRoles.has(role)) === true;
};

const isSamePrincipal = (a: PrincipalRef, b: PrincipalRef): boolean => a.kind === b.kind && a.id === b.id;

/** A caller that no assertion vouches for, and an automation without recorded access, are not restricted (domain 1.5). */
export const isOwnerOrAdmin = (access: ResourceAccess | undefined, verified: VerifiedTenantContext | undefined): boolean =>
  verified === undefined || access === undefined || isSamePrincipal(access.owner_principal, principalOf(verified)) || isAdmin(verified);

const everybody = '*';
const ownerKey = ({ kind, id }: PrincipalRef): string => JSON.stringify(['principal', kind, id]);
const unitKey = (id: string): string => JSON.stringify(['org_unit', id]);

/**
 * Who sees an automation, as keys without line breaks. Whoever has one of them sees it: a look-up compares
 * them as `isVisible` does.
 */
export const viewersOf = (access: ResourceAccess | undefined): readonly string[] => {
  if (access === undefined) return [everybody];
  const owner = ownerKey(access.owner_principal);
  switch (access.visibility) {
    case 'private': return [owner];
    case 'org': return [everybody, owner];
    case 'group': return [owner, ...access.audience_principals.map(({ id }) => unitKey(id))];
  }
};

/** The keys that a caller has; `undefined` for one who sees everything of the tenant. */
export const viewerKeysOf = (verified: VerifiedTenantContext | undefined): readonly string[] | undefined =>
  verified === undefined || isAdmin(verified) ? undefined : [everybody, ownerKey(principalOf(verified)), ...verified.org_units.map(unitKey)];

/** The keys among those of viewers that stand for a right to change; `undefined` for one who may change everything of the tenant. */
export const ownerKeysOf = (verified: VerifiedTenantContext | undefined): readonly string[] | undefined =>
  verified === undefined || isAdmin(verified) ? undefined : [ownerKey(principalOf(verified))];

/** What is not visible is not there: answered as unknown. */
export const isVisible = (access: ResourceAccess | undefined, verified: VerifiedTenantContext | undefined): boolean => {
  const keys = viewerKeysOf(verified);
  return keys === undefined || viewersOf(access).some((viewer) => keys.includes(viewer));
};
