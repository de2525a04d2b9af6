import type { Run, RunCheckpoint } from '@cs/contracts';
import { approvalUse } from './policy-approval.js';
import type { Evolvers } from './run-evolvers.js';
import { withCheckpoint } from './run.state.js';
import { without } from './without.js';

const counted = (run: Run, change: Partial<RunCheckpoint> = {}): Run => withCheckpoint(run, { policy_decisions: (run.checkpoint.policy_decisions ?? 0) + 1, ...change });

/** Nodes are not held any more: they are judged anew before they start. */
export const withoutHolds = ({ policy_holds }: RunCheckpoint, nodes: readonly string[]): Pick<RunCheckpoint, 'policy_holds'> =>
  policy_holds === undefined ? {} : { policy_holds: without(policy_holds, ...nodes) };

/** Events of the decisions on effects. */
export const policyEvolvers: Evolvers<'policy_effect_allowed' | 'policy_effect_denied' | 'policy_approval_required' | 'policy_approval_used'> = {
  policy_effect_allowed: (run) => counted(run),
  policy_effect_denied: (run) => counted(run),
  policy_approval_required: (run, { data: { node_id, hold } }) => counted(run, { policy_holds: { ...run.checkpoint.policy_holds, [node_id]: hold } }),
  policy_approval_used: (run, { data: { node_id, approval_id, effect_id } }) =>
    counted(run, { approval_uses: { ...run.checkpoint.approval_uses, [approvalUse(approval_id, node_id)]: effect_id } }),
};
