import { localImplicitTenant, type GovernanceActor, type TenantContext, type VerifiedTenantContext } from '@cs/contracts';
import type { ApiKeyEntry } from './api-keys.schema.js';

/** Who sent a request and for whom, as verified here. */
export interface Caller {
  readonly tenant: TenantContext;
  readonly actor: GovernanceActor;
  /** What a signed assertion vouches for. */
  readonly verified?: VerifiedTenantContext;
  /** Agents that led to the agent that acts, as it says, nearest last. */
  readonly ancestors?: readonly string[];
  readonly memberships?: { readonly roles: readonly string[]; readonly groups: readonly string[] };
}

export const callerOfKey = ({ org_id, workspace_id, actor_id, kind, roles, groups }: ApiKeyEntry): Caller => ({
  tenant: { org_id, workspace_id, actor_id, source: 'explicit' },
  actor: { kind, actor_id, source: 'api_key' },
  ...(roles.length + groups.length === 0 ? {} : { memberships: { roles, groups } }),
});

/** The person whom an assertion names. */
export const callerOfAssertion = (verified: VerifiedTenantContext): Caller => {
  const { org_id, workspace_id } = verified.tenant_context;
  const { actor_id } = verified.human_actor;
  return { tenant: { org_id, workspace_id, actor_id, source: 'explicit' }, actor: { kind: 'human', actor_id, source: 'assertion' }, verified, memberships: { roles: verified.roles, groups: verified.org_units } };
};

/** The person at this machine. Its tenant has no actor: with one it would not be the implicit one (domain 1.1). */
export const localCaller = (actorId: string | undefined): Caller => ({
  tenant: localImplicitTenant,
  actor: { kind: 'human', source: 'local_control_panel', ...(actorId === undefined ? {} : { actor_id: actorId }) },
});

/** An agent that says it is one is one, whoever's credentials it uses: nothing turns it back into a person. */
export const asAgent = ({ actor, ...caller }: Caller, agentId: string, ancestors: readonly string[] = []): Caller => ({
  ...caller, ...(ancestors.length === 0 ? {} : { ancestors }),
  actor: { kind: 'agent', actor_id: agentId, ...(actor.source === undefined ? {} : { source: actor.source }) },
});
