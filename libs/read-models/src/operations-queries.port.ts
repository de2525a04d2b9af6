import type { LedgerCollection } from '@cs/contracts';

/** How long a gate has been open: less than an hour, a day, a week, or more. */
export const gateAges = ['under_1h', 'under_1d', 'under_7d', 'over_7d'] as const;
export type GateAge = (typeof gateAges)[number];

/** Records of one collection that stand in one status. */
export interface UnsettledRecords {
  readonly collection: LedgerCollection;
  readonly status: string;
  readonly count: number;
  /** When the one that stands there longest changed last. */
  readonly oldest_at_ms: number;
}

/** How much of everything there is in the projections, over all tenants. */
export interface OperationsCounts {
  readonly runs: readonly { readonly status: string; readonly count: number }[];
  readonly open_gates: readonly { readonly age: GateAge; readonly count: number }[];
  readonly dead_letters: readonly { readonly consumer: string; readonly count: number }[];
  /** Notices that have not come to their end. */
  readonly deliveries: readonly { readonly status: string; readonly count: number }[];
  /** What is not settled of the reliability ledger, and not moot by a later success. */
  readonly ledger: readonly UnsettledRecords[];
}

/** Reads across tenants, for whoever looks after the system. */
export interface OperationsQueries {
  counts(nowMs: number): Promise<OperationsCounts>;
}
