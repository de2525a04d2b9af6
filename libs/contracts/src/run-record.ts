import type { Run } from './run.schema.js';

/** What a client sees of a run (domain 3.1 with the twins of 3.10): the folded run and what is derived from it. */
export type RunRecord = Run & {
  readonly context_run_id: string;
  readonly blocked_node_ids: readonly string[];
  readonly last_activity_at_ms: number;
};
