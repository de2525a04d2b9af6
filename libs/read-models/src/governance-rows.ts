import type { ApprovalBinding, ApprovalType, GovernanceActor, SpendTotals } from '@cs/contracts';
import type { TenantKey } from './tenant-key.js';

/** What the commits of a batch say about a governance approval; `null` leaves what is known. */
export interface GovernanceApprovalRow extends TenantKey {
  readonly approval_id: string;
  readonly status: 'pending' | 'approved' | 'denied' | 'consumed';
  readonly approval_type: ApprovalType | null;
  readonly subject_kind: 'automation' | 'agent' | null;
  readonly subject_id: string | null;
  /** Of what is about an automation: who sees it sees this. */
  readonly automation_id: string | null;
  readonly binding: ApprovalBinding | null;
  readonly reason: string | null;
  readonly requested_by: GovernanceActor | null;
  readonly requested_at_ms: number | null;
  readonly expires_at_ms: number | null;
  readonly decided_by: GovernanceActor | null;
  readonly decided_at_ms: number | null;
  readonly note: string | null;
  readonly consumed_by: string | null;
  readonly position: number;
}

/** What the commits of a batch say about an agent; `null` leaves what is known. */
export interface GovernedAgentRow extends TenantKey {
  readonly agent_id: string;
  readonly spend: SpendTotals | null;
  /** `yes` while the agent's automations may use no more. */
  readonly spend_paused: 'yes' | 'no' | null;
  readonly permissions: { readonly creation_paused: boolean; readonly authority_revoked: boolean; readonly weekly_spend_cap_usd: number | null } | null;
  readonly updated_at_ms: number;
  readonly position: number;
}

/** A review of an automation or an agent that is due, or was done. */
export interface GovernanceReviewRow extends TenantKey {
  readonly subject_kind: 'automation' | 'agent';
  readonly subject_id: string;
  readonly automation_id: string | null;
  readonly status: 'due' | 'done';
  readonly reason: string | null;
  readonly since_ms: number;
  readonly position: number;
}

/** What the commits of a batch say about an automation that an agent made; `null` leaves what is known. */
export interface GovernedAutomationRow extends TenantKey {
  readonly automation_id: string;
  /** Set by its creation only: what was known of an earlier one of that id is gone then. */
  readonly made_at_ms: number | null;
  /** `no` once it is retired or deleted. */
  readonly in_use: 'yes' | 'no' | null;
  readonly expires_at_ms: number | null;
  /** The expiry that people were warned of. */
  readonly expiry_warned_ms: number | null;
  readonly launched_at_ms: number | null;
  readonly reviewed_at_ms: number | null;
  readonly health_checked_at_ms: number | null;
  /** Launches up to it were looked at then. */
  readonly health_launched_at_ms: number | null;
  /** Runs that had not ended when its runs were looked at. */
  readonly open_runs: number | null;
  readonly position: number;
}
