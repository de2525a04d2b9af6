import type { RunRecord } from '@cs/contracts';

/** The run record with the twins that existing clients read (domain 3.10). */
export type RunView = RunRecord & {
  readonly contextRunID: string;
  readonly linked_context_run_id: string;
  readonly blockedNodeIDs: readonly string[];
  readonly lastActivityAtMs: number;
  /** Nodes that failed or whose effect has an unknown outcome: a person has to act on them. */
  readonly needsRepairNodeIDs: readonly string[];
};

const needsRepair = (run: RunRecord): readonly string[] => {
  const outputs = Object.entries(run.checkpoint.node_outputs);
  return outputs.filter(([, output]) => output.status === 'failed' || output.status === 'blocked').map(([nodeId]) => nodeId);
};

/** Adds the older spellings to a run. The only place that knows them. */
export const viewRun = (run: RunRecord): RunView => ({
  ...run,
  contextRunID: run.context_run_id,
  linked_context_run_id: run.context_run_id,
  blockedNodeIDs: run.blocked_node_ids,
  lastActivityAtMs: run.last_activity_at_ms,
  needsRepairNodeIDs: needsRepair(run),
});

/** `run` and its context run, as every run command and `GET` of a run answer them. */
export const runAnswer = (run: RunRecord): { readonly run: RunView; readonly contextRunID: string; readonly linked_context_run_id: string } => ({
  run: viewRun(run), contextRunID: run.context_run_id, linked_context_run_id: run.context_run_id,
});
