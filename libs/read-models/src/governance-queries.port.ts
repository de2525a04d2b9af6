import type { GovernanceApprovalRecord, GovernedAgentRecord, GovernanceReviewRecord } from '@cs/contracts';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { Reader } from './tenant-key.js';

export interface ApprovalFilter {
  /** `expired` is one that nobody decided or used in time. */
  readonly status?: string | undefined;
  readonly approval_type?: string | undefined;
  readonly automation_id?: string | undefined;
  readonly agent_id?: string | undefined;
  /** What time it is: says what is expired. */
  readonly now_ms: number;
}

/** Reads governance of one tenant. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface GovernanceQueries {
  /** Newest first; those about automations that the reader does not see, and about agents for who is restricted, are not there. */
  governanceApprovals(reader: Reader, filter: ApprovalFilter, page: PageRequest): Promise<ItemsPage<GovernanceApprovalRecord>>;
  /** Reviews that are due, newest first. */
  governanceReviews(reader: Reader, page: PageRequest): Promise<ItemsPage<GovernanceReviewRecord>>;
  /** Agents of which something is known, the last changed first. */
  governedAgents(reader: Reader, page: PageRequest): Promise<ItemsPage<GovernedAgentRecord>>;
}
