import type { EffectPolicyVersion, PolicyDecisionRecord, PolicyOutcome } from '@cs/contracts';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { Reader, TenantKey } from './tenant-key.js';

/** What decisions are found by; an absent member finds all. */
export interface PolicyDecisionFilter {
  readonly run_id?: string | undefined;
  readonly automation_id?: string | undefined;
  readonly decision?: PolicyOutcome | undefined;
  readonly reason_code?: string | undefined;
  /** From then on. */
  readonly since_ms?: number | undefined;
  /** Before then. */
  readonly until_ms?: number | undefined;
}

/** Reads policies of workspaces and what they decided. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface PolicyQueries {
  /** Decisions about automations that the reader sees, newest first. */
  policyDecisions(reader: Reader, filter: PolicyDecisionFilter, page: PageRequest): Promise<ItemsPage<PolicyDecisionRecord>>;
  /** Versions of the workspace's policy, newest first. */
  effectPolicies(tenant: TenantKey, page: PageRequest): Promise<ItemsPage<EffectPolicyVersion>>;
  effectPolicy(tenant: TenantKey, number: number): Promise<EffectPolicyVersion | undefined>;
}
