import type { PrincipalRef, ResourceAccess, VerifiedTenantContext } from '@cs/contracts';

const adminRoles: ReadonlySet<string> = new Set(['owner', 'admin', 'hosted:owner', 'hosted:admin', 'enterprise:admin', 'workspace:admin', 'organization:admin']);
const adminCapabilities: ReadonlySet<string> = new Set(['hosted.owner', 'hosted.admin', 'automation.write', 'automation.share']);

/** Who a verified caller is. */
export const principalOf = ({ strict_projection, human_actor }: VerifiedTenantContext): PrincipalRef => strict_projection?.principal ?? { kind: 'human_user', id: human_actor.actor_id };

const isAdmin = ({ roles, capabilities }: VerifiedTenantContext): boolean => roles.some((role) => adminRoles.has(role)) || capabilities.some((capability) => adminCapabilities.has(capability));

const isSamePrincipal = (a: PrincipalRef, b: PrincipalRef): boolean => a.kind === b.kind && a.id === b.id;

/** A caller that no assertion vouches for, and an automation without recorded access, are not restricted (domain 1.5). */
export const isOwnerOrAdmin = (access: ResourceAccess | undefined, verified: VerifiedTenantContext | undefined): boolean =>
  verified === undefined || access === undefined || isSamePrincipal(access.owner_principal, principalOf(verified)) || isAdmin(verified);

const isInAudience = ({ audience_principals }: ResourceAccess, { org_units }: VerifiedTenantContext): boolean => audience_principals.some(({ id }) => org_units.includes(id));

/** What is not visible is not there: answered as unknown. */
export const isVisible = (access: ResourceAccess | undefined, verified: VerifiedTenantContext | undefined): boolean => {
  if (verified === undefined || access === undefined || isOwnerOrAdmin(access, verified)) return true;
  return access.visibility === 'org' || (access.visibility === 'group' && isInAudience(access, verified));
};
