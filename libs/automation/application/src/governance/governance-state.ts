import type { GovernanceApprovalState, GovernanceLimitsState, GovernedAgentState } from '@cs/automation-domain';
import { governanceLimitsSchema, type AggregateRef, type GovernanceLimits, type TenantContext } from '@cs/contracts';
import { loadAggregate, type Digest, type Eventing, type EventStore, type Loaded } from '@cs/eventing';
import { definedMembers } from '@cs/kernel';
import { governanceApprovalAggregate, governanceLimitsAggregate, governedAgentAggregate } from './governance.aggregates.js';

type Tenant = Pick<TenantContext, 'org_id' | 'workspace_id' | 'deployment_id'>;
type Reading = { readonly eventing: Pick<Eventing, 'store' | 'digest'> };

/** What holds in a workspace where nobody has changed anything (domain 10.3). */
export const defaultLimits: GovernanceLimits = governanceLimitsSchema.parse({});

/** Limits that were not known when the others were recorded have their defaults. */
export const limitsOf = (state: GovernanceLimitsState): GovernanceLimits => ({ ...defaultLimits, ...definedMembers(state?.limits ?? {}) });

const workspaceOf = ({ org_id, workspace_id }: Tenant) => ({ org_id, workspace_id });
const shortDigest = (digest: Digest, parts: readonly string[]): string => digest(JSON.stringify(parts)).slice(0, 40);

export const agentRef = ({ digest }: Pick<Eventing, 'digest'>, tenant: Tenant, agent_id: string): AggregateRef => ({ ...workspaceOf(tenant), aggregate: 'governed_agent', id: shortDigest(digest, [tenant.deployment_id ?? '', agent_id]) });

export const limitsRef = ({ digest }: Pick<Eventing, 'digest'>, tenant: Tenant): AggregateRef => ({
  ...workspaceOf(tenant), aggregate: 'governance_limits', id: tenant.deployment_id === undefined ? 'workspace' : `deployment-${shortDigest(digest, [tenant.deployment_id])}`,
});

export const approvalRef = (tenant: Tenant, approval_id: string): AggregateRef => ({ ...workspaceOf(tenant), aggregate: 'governance_approval', id: approval_id });

/** There is one activation of each definition of an automation, however often it is asked for. */
export const activationId = (digest: Digest, { tenant, automation_id, definition_hash }: { readonly tenant: Tenant; readonly automation_id: string; readonly definition_hash: string }): string =>
  `activation-${shortDigest(digest, [tenant.deployment_id ?? '', automation_id, definition_hash])}`;

export const readLimits = async ({ eventing }: Reading, tenant: Tenant): Promise<GovernanceLimits> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: governanceLimitsAggregate }, limitsRef(eventing, tenant));
  return limitsOf(state);
};

export const loadAgent = async ({ eventing }: Reading, tenant: Tenant, agent_id: string): Promise<GovernedAgentState> =>
  (await loadAggregate({ store: eventing.store, aggregate: governedAgentAggregate }, agentRef(eventing, tenant, agent_id))).state;

export const loadApproval = (store: EventStore, ref: AggregateRef): Promise<Loaded<GovernanceApprovalState>> => loadAggregate({ store, aggregate: governanceApprovalAggregate }, ref);
