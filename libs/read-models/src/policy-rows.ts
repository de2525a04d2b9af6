import type { EffectPolicyVersion, PolicyDecision } from '@cs/contracts';
import type { TenantKey } from './tenant-key.js';

/** A decision on an effect (domain 10.1). It never changes. */
export interface PolicyDecisionRow extends TenantKey {
  readonly decision_id: string;
  readonly run_id: string;
  readonly automation_id: string;
  readonly node_id: string;
  readonly decision: string;
  readonly reason_code: string;
  readonly effect_id: string;
  readonly policy_version: string;
  /** Opening whose approval the effect goes out under. */
  readonly approval_id: string | null;
  /** Event by which the audit records it; null for what is not audited. */
  readonly audit_event_id: string | null;
  readonly record: PolicyDecision;
  readonly created_at_ms: number;
  readonly position: number;
}

/** A version of the policy of a workspace. It never changes. */
export interface EffectPolicyRow extends TenantKey {
  readonly number: number;
  readonly policy_version: string;
  readonly record: EffectPolicyVersion;
  readonly created_at_ms: number;
  readonly position: number;
}
