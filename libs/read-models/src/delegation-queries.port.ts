import type { DelegationRecord } from '@cs/contracts';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { TenantKey } from './tenant-key.js';

export interface DelegationFilter {
  /** Only those of this person, and those in which they stand in; absent: everybody's. */
  readonly concerns: string | undefined;
  readonly delegator: string | undefined;
  readonly stand_in: string | undefined;
  readonly status: DelegationRecord['status'] | undefined;
  /** The moment for which the status is told. */
  readonly at_ms: number;
}

/** Reads delegations. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface DelegationQueries {
  /** Newest first. */
  delegations(tenant: TenantKey, filter: DelegationFilter, page: PageRequest): Promise<ItemsPage<DelegationRecord>>;
}
