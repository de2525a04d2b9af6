import type { GovernanceActor, GovernanceLimits, GovernanceLimitsEvent, RecordedLimits, TenantContext } from '@cs/contracts';
import { accept, canonicalJson, definedMembers, type Decision } from '@cs/kernel';

/** What agents may do in a workspace, or `undefined` while nobody has changed anything. */
export type GovernanceLimitsState = { readonly tenant_context: TenantContext; readonly limits: RecordedLimits } | undefined;

export interface ChangeLimits {
  /** Members that change. */
  readonly change: Partial<GovernanceLimits>;
  /** What holds while nobody has changed anything, and for limits that were not known when somebody did. */
  readonly defaults: GovernanceLimits;
  readonly reason: string;
  readonly changed_by: GovernanceActor;
}

/** Changes of several people add up: each changes the members that it names. */
export const decideLimits = ({ change, defaults, reason, changed_by }: ChangeLimits, state: GovernanceLimitsState, tenant_context: TenantContext): Decision<GovernanceLimitsEvent, never> => {
  const before = { ...defaults, ...definedMembers(state?.limits ?? {}) };
  const limits = { ...before, ...change };
  return canonicalJson(limits) === canonicalJson(before) ? accept() : accept({ event_type: 'governance_limits_changed', data: { tenant_context, limits, reason, changed_by } });
};

export const evolveLimits = (_state: GovernanceLimitsState, { data: { tenant_context, limits } }: GovernanceLimitsEvent): GovernanceLimitsState => ({ tenant_context, limits });

/** Last token of the subjects of the commits. */
export const limitsStatus = (state: GovernanceLimitsState): string => (state?.limits.quarantined === true ? 'quarantined' : 'open');
