import type { AutomationDefinition, ExecutionClaim, Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { runtimeContextMissing, runtimeContextNode } from './reset-plan.js';
import { workOfKey } from './work-key.js';

const needsRuntimeContext = ({ metadata = {} }: AutomationDefinition): boolean => metadata['runtime_context_required'] === true || metadata['requires_runtime_context'] === true;

/** Nodes that the checkpoint speaks of. */
const mentioned = ({ checkpoint }: Run): readonly string[] => [
  ...checkpoint.completed_nodes, ...checkpoint.pending_nodes, ...checkpoint.blocked_nodes, ...Object.keys(checkpoint.node_outputs),
  ...Object.keys(checkpoint.in_progress).map((key) => workOfKey(key).node_id), ...checkpoint.open_waits.map(({ node_id }) => node_id),
];

/** Why the state of a run cannot be that of a run of its definition. */
const corruption = (run: Run, definition: AutomationDefinition): string | undefined => {
  const { nodes } = flowGraph(definition);
  const { completed_nodes, pending_nodes } = run.checkpoint;
  const unknown = mentioned(run).find((id) => !nodes.has(id));
  if (unknown !== undefined) return `node "${unknown}" is not in the definition`;
  const completed = new Set(completed_nodes);
  const twice = pending_nodes.find((id) => completed.has(id));
  if (twice !== undefined) return `node "${twice}" is both completed and pending`;
  const known = new Set([...completed_nodes, ...pending_nodes]);
  const missing = [...nodes.keys()].find((id) => !known.has(id));
  return missing === undefined ? undefined : `node "${missing}" is neither completed nor pending`;
};

/**
 * The claim of another runner that stands (domain 3.4): until it expires, the run is left alone. Who claimed it
 * itself and asks again has lost what it knew of the run, and may go on at once.
 */
export const standingClaim = (run: Run, { claimant_id, at_ms }: { readonly claimant_id: string; readonly at_ms: number }): ExecutionClaim | undefined => {
  const claim = 'execution_claim' in run ? run.execution_claim : undefined;
  return claim !== undefined && claim.claimant_id !== claimant_id && claim.lease_expires_at_ms > at_ms ? claim : undefined;
};

/** The end of a run that must not be executed: its effects would be those of another run, or meet the wrong data (domain 3.4, 3.7). */
export const unfitForExecution = (run: Run, definition: AutomationDefinition): RunEvent | undefined => {
  const corrupt = corruption(run, definition);
  if (corrupt !== undefined) return { event_type: 'run_failed', data: { detail: `corrupt checkpoint: ${corrupt}; nothing was executed`, failure: { kind: 'corrupt_checkpoint', message: corrupt } } };
  if (run.runtime_context !== undefined || !needsRuntimeContext(definition)) return undefined;
  return { event_type: 'run_failed', data: { detail: runtimeContextMissing, node_id: runtimeContextNode, failure: { kind: 'startup_runtime_context_missing', message: runtimeContextMissing } } };
};
