import type { Json } from '@cs/kernel';
import type { ApprovalKind, Approver, BindingDifference, GateDecision, GateOutcome, GatePolicy, GateRelease, GateVote } from './gate.schema.js';
import type { GovernanceActor } from './tenant.schema.js';

/** Where a gate opening stands. `closed`: its run ended, or was reset, before anyone decided. */
export type ApprovalStatus = 'open' | 'decided' | 'closed';

/** Why somebody has to sign. */
export interface ApprovalGrounds {
  /** One sentence for people. */
  readonly text: string;
  readonly risk_tier: string | null;
  readonly data_classes: readonly string[];
  /** Whoever asked may not approve. */
  readonly requester_barred: boolean;
  /** `elevated_reviewer` and data classes need granted authority. */
  readonly reviewer_eligibility: string;
  /** The decision of the policy that opened the gate by itself; null at a gate of the definition. */
  readonly policy_decision: GatePolicy | null;
}

/** What happens when nobody decides in time. `wait`: nothing more, it stays open. */
export interface ApprovalTimeout {
  readonly at_ms: number | null;
  readonly then: 'cancel' | 'resume' | 'escalate' | 'remind' | 'wait';
  /** Who is asked next, for `escalate`. */
  readonly escalate_to: string | null;
}

/** How often time has asked again. */
export interface ApprovalEscalation {
  /** 0: nobody but the first was asked. */
  readonly level: number;
  readonly escalated_to: string | null;
  readonly escalated_at_ms: number | null;
  readonly reminders: number;
  readonly last_reminded_at_ms: number | null;
  /** Open for a day. */
  readonly stale: boolean;
}

/** A gate opening as whoever decides needs to see it (domain 5.10). Every text is redacted. */
export interface ApprovalRequest {
  readonly request_id: string;
  readonly source: 'automation_v2';
  readonly kind: ApprovalKind;
  readonly status: ApprovalStatus;
  readonly tenant: { readonly org_id: string; readonly workspace_id: string; readonly user_id: string | null };
  readonly automation_id: string;
  readonly run_id: string;
  readonly node_id: string;
  readonly gate_opening_id: string;
  readonly workflow_name: string;
  readonly title: string;
  readonly action_kind: string;
  readonly action_preview_markdown: string;
  readonly surface_payload: Json;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly decisions: readonly string[];
  readonly rework_targets: readonly string[];
  readonly instructions: string | null;
  readonly requested_by: GovernanceActor;
  readonly because: ApprovalGrounds;
  /** Who may decide; null for anyone with authority. */
  readonly approvers: readonly Approver[] | null;
  /** What goes out when it is approved, each in one line. */
  readonly effects: readonly { readonly node_id: string; readonly action_kind: string; readonly summary: string }[];
  /** The same with its arguments. */
  readonly releases: readonly GateRelease[];
  /** Why the gate asks again after an approval; null when it asks for the first time. */
  readonly reopened_because: BindingDifference | null;
  /** At a gate that needs several people; null elsewhere. */
  readonly voting: {
    readonly rule: 'veto' | 'majority';
    readonly approvals_required: number;
    readonly approvals: number;
    readonly votes: readonly GateVote[];
    /** People named as approvers who have not voted. */
    readonly missing_people: readonly string[];
  } | null;
  readonly on_timeout: ApprovalTimeout;
  readonly escalation: ApprovalEscalation;
  /** What whoever asks may do. */
  readonly yours: { readonly decisions: readonly GateDecision[]; readonly vote: GateDecision | null };
  readonly links: { readonly self: string; readonly page: string; readonly decide: string; readonly run: string };
  /** The members below are there when it is decided or closed. */
  readonly decision?: GateOutcome;
  /** Who decided, or who ended the run. */
  readonly decided_by?: GovernanceActor;
  readonly decided_at_ms?: number;
  readonly decision_reason?: string;
}
