import type { Run, RunRecord } from '@cs/contracts';

/** The run as clients read it: the folded run and what derives from it (domain 3.10). */
export const toRunRecord = (run: Run): RunRecord => {
  const blockedByOutput = Object.entries(run.checkpoint.node_outputs).filter(([, output]) => output.status === 'blocked').map(([node]) => node);
  return {
    ...run,
    context_run_id: `automation-v2-${run.run_id}`,
    blocked_node_ids: [...new Set([...run.checkpoint.blocked_nodes, ...blockedByOutput])],
    last_activity_at_ms: run.updated_at_ms,
  };
};
