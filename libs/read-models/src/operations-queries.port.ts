/** How long a gate has been open: less than an hour, a day, a week, or more. */
export const gateAges = ['under_1h', 'under_1d', 'under_7d', 'over_7d'] as const;
export type GateAge = (typeof gateAges)[number];

/** How much of everything there is in the projections, over all tenants. */
export interface OperationsCounts {
  readonly runs: readonly { readonly status: string; readonly count: number }[];
  readonly open_gates: readonly { readonly age: GateAge; readonly count: number }[];
  readonly dead_letters: readonly { readonly consumer: string; readonly count: number }[];
  /** Notices that have not come to their end. */
  readonly deliveries: readonly { readonly status: string; readonly count: number }[];
}

/** Reads across tenants, for whoever looks after the system. */
export interface OperationsQueries {
  counts(nowMs: number): Promise<OperationsCounts>;
}
