import type { Run, RunRecord } from '@cs/contracts';
import { lastActivityMs } from './run-accounting.js';
import { unreconciledNodes } from './run.state.js';

/** The run as clients read it: the folded run and what derives from it (domain 3.10). */
export const toRunRecord = (run: Run): RunRecord => ({
  ...run,
  context_run_id: `automation-v2-${run.run_id}`,
  blocked_node_ids: [...new Set([...run.checkpoint.blocked_nodes, ...unreconciledNodes(run)])],
  last_activity_at_ms: lastActivityMs(run),
});
