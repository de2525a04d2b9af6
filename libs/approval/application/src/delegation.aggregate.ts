import { evolveDelegation, type DelegationState, type HeldDelegation } from '@cs/approval-domain';
import { delegationSchema, delegationStatus, governanceActorSchema, tenantContextSchema, type AggregateRef, type DelegationEvent, type DelegationRecord, type TenantContext } from '@cs/contracts';
import type { Aggregate, Digest } from '@cs/eventing';
import { canonicalJson, type Json } from '@cs/kernel';
import { z } from 'zod';

const stateSchema = z.array(z.object({
  delegation: delegationSchema, tenant_context: tenantContextSchema, uses: z.int().nonnegative(),
  ended: z.object({ at_ms: z.int().nonnegative(), by: governanceActorSchema, reason: z.string().exactOptional() }).exactOptional(),
})) as unknown as z.ZodType<DelegationState>;

/** Who stands in for one person. */
export const delegationAggregate: Aggregate<DelegationState, DelegationEvent> = {
  name: 'delegation',
  initialState: [],
  evolve: evolveDelegation,
  status: () => 'recorded',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (held) => held as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};

/** Where the delegations of a person stand. Deployments of a workspace have delegations of their own. */
export const delegationsOf = (digest: Digest, { org_id, workspace_id, deployment_id = '' }: TenantContext, person: string): AggregateRef => ({
  org_id, workspace_id, aggregate: 'delegation', id: digest(canonicalJson(['delegations', deployment_id, person])).slice(0, 32),
});

/** The id says where to look for it. */
export const delegationIdOf = ({ id }: AggregateRef, digest: Digest, request: string): string => `delegation-${id}-${digest(request).slice(0, 16)}`;

/** `undefined` for what is no id of a delegation. */
export const refOfDelegation = ({ org_id, workspace_id }: TenantContext, delegation_id: string): AggregateRef | undefined => {
  const [, id] = /^delegation-([0-9a-f]{32})-[0-9a-f]{16}$/.exec(delegation_id) ?? [];
  return id === undefined ? undefined : { org_id, workspace_id, aggregate: 'delegation', id };
};

/** As it is shown at a moment. */
export const toDelegationRecord = ({ delegation, uses, ended }: HeldDelegation, at_ms: number): DelegationRecord => {
  const ended_at_ms = ended?.at_ms ?? null;
  return { ...delegation, status: delegationStatus({ ...delegation, ended_at_ms }, at_ms), uses, ended_at_ms, ended_by: ended?.by ?? null, end_reason: ended?.reason ?? null };
};
