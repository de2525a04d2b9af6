import type { Delegation, DelegationEvent, GovernanceActor, TenantContext } from '@cs/contracts';

/** A delegation with what became of it. */
export interface HeldDelegation {
  readonly delegation: Delegation;
  readonly tenant_context: TenantContext;
  readonly uses: number;
  readonly ended?: { readonly at_ms: number; readonly by: GovernanceActor; readonly reason?: string };
}

/** The delegations of one person, oldest first; those that are long over are forgotten. */
export type DelegationState = readonly HeldDelegation[];

type RecordedDelegationEvent = DelegationEvent & { readonly recorded_at_ms: number };

/** For so long after its time a delegation is still found by a repeated request. */
const rememberedMs = 30 * 24 * 3_600_000;

const change = (state: DelegationState, id: string, next: (held: HeldDelegation) => HeldDelegation): DelegationState =>
  state.map((held) => (held.delegation.delegation_id === id ? next(held) : held));

export const evolveDelegation = (state: DelegationState, event: RecordedDelegationEvent): DelegationState => {
  switch (event.event_type) {
    case 'delegation_set': {
      const { delegation, tenant_context } = event.data;
      const remembered = state.filter((held) => held.delegation.until_ms + rememberedMs > event.recorded_at_ms);
      return [...remembered, { delegation, tenant_context, uses: 0 }];
    }
    case 'delegation_ended': {
      const { delegation_id, ended_by, reason } = event.data;
      const ended = { at_ms: event.recorded_at_ms, by: ended_by, ...(reason === undefined ? {} : { reason }) };
      return change(state, delegation_id, (held) => ({ ...held, ended }));
    }
    case 'delegation_used': return change(state, event.data.delegation_id, (held) => ({ ...held, uses: event.data.use }));
  }
};

/** Until its time, and not ended before. */
export const isLasting = ({ delegation, ended }: HeldDelegation, at_ms: number): boolean => ended === undefined && at_ms < delegation.until_ms;

export const findDelegation = (state: DelegationState, id: string): HeldDelegation | undefined => state.find(({ delegation }) => delegation.delegation_id === id);
