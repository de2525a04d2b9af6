import type { NeededAuthority } from '@cs/approval-domain';
import type { ApprovalKind, ApprovalStatus, Delegation, GateOutcome, GovernanceActor, PendingGate, TenantContext } from '@cs/contracts';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { Reader, TenantKey } from './tenant-key.js';

/** A gate opening as the inbox reads it. */
export interface InboxGate extends TenantKey {
  readonly kind: ApprovalKind;
  readonly status: ApprovalStatus;
  readonly gate_opening_id: string;
  readonly automation_id: string;
  readonly run_id: string;
  readonly gate: PendingGate;
  readonly requested_by: GovernanceActor;
  readonly expires_at_ms: number | null;
  /** Name of the automation; its id while the automation is not known. */
  readonly workflow_name: string;
  /** How the tenant of the run is known. */
  readonly tenant_source: TenantContext['source'];
  /** Whoever reads owns the automation, or administers it. */
  readonly may_change: boolean;
  readonly decision: GateOutcome | null;
  readonly decided_by: GovernanceActor | null;
  readonly decided_at_ms: number | null;
  readonly reason: string | null;
}

/** The seat of somebody else that a reader may take now, at the gates of its scope. */
export interface ReaderSeat {
  /** The person's key among approvers (`approverKeysOf`). */
  readonly key: string;
  readonly delegation: Delegation;
}

/** Who reads the inbox: what names somebody is there for them, whether or not they see its automation. */
export interface InboxReader extends Reader {
  /** Keys of a right to change an automation (`ownerKeysOf`). Absent: everything. */
  readonly owner_keys?: readonly string[] | undefined;
  /** Keys of a caller among approvers (`deciderKeysOf`): those that name them, and those that everybody has. None of one who is no person. */
  readonly named_keys: readonly string[];
  readonly open_keys: readonly string[];
  /** Whom they stand in for. */
  readonly seats?: readonly ReaderSeat[];
}

/** What somebody may decide, beside being among the approvers. */
export interface DecidableBy {
  /** In one spelling: who voted at a gate is done with it. */
  readonly voter: string | null;
  /** Keys of those of `neededAuthorities` that they have. */
  readonly authorities: readonly string[];
}

/** What a gate asks of its reviewers. `unknown`: it opened before this was kept, and has not changed since. */
export interface StoredAuthority {
  readonly key: string;
  readonly authority: NeededAuthority | 'unknown';
}

interface CommonFilter {
  readonly kinds?: readonly ApprovalKind[];
  readonly automation_id?: string;
  readonly run_id?: string;
  /** Inclusive, both. */
  readonly since_ms?: number;
  readonly until_ms?: number;
}

export interface PendingFilter extends CommonFilter {
  readonly risk_tier?: string;
  readonly data_class?: string;
  /** In one spelling. */
  readonly requester?: string;
  readonly mine?: DecidableBy;
  /** Exclusive. The page is then ordered by expiry, the next to run out first, and its keys are negative times. */
  readonly expiring_before_ms?: number;
}

/** Times are those of the decision. */
export interface DecidedFilter extends CommonFilter {
  readonly decision?: GateOutcome;
}

/**
 * Reads the inbox of one tenant; filtered before it is cut. Every method throws `ProjectionUnavailableError` when
 * the projections cannot be reached.
 */
export interface InboxQueries {
  pending(reader: InboxReader, filter: PendingFilter, page: PageRequest): Promise<ItemsPage<InboxGate>>;
  decided(reader: InboxReader, filter: DecidedFilter, page: PageRequest): Promise<ItemsPage<InboxGate>>;
  opening(reader: InboxReader, gateOpeningId: string): Promise<InboxGate | undefined>;
  /** What the open gates of the tenant ask of their reviewers, each once; at most 5,000. */
  neededAuthorities(tenant: TenantKey): Promise<readonly StoredAuthority[]>;
}
