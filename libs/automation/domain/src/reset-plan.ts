import type { AutomationDefinition, Run } from '@cs/contracts';
import { descendants, flowGraph } from './flow-graph.js';
import { unreconciledNodes } from './run.state.js';
import { workOfKey } from './work-key.js';

/** What a reset takes back. Each list is sorted. */
export interface ResetPlan {
  readonly reset_nodes: readonly string[];
  /** Those of them that have an output. */
  readonly cleared_outputs: readonly string[];
  /** Those of them whose last effect may have happened: after the reset they send a new one. */
  readonly unknown_effects: readonly string[];
}

/** Nodes with an attempt under way that nobody will hear the end of. Repeating a `safe` effect changes nothing. */
const unheardEffects = ({ checkpoint }: Run): readonly string[] =>
  Object.entries(checkpoint.in_progress).filter(([, { effect }]) => effect?.mode === 'keyed' || effect?.mode === 'none').map(([key]) => workOfKey(key).node_id);

/** Exactly these nodes are reset, whatever depends on them. */
export const planNodes = (run: Run, nodes: readonly string[]): ResetPlan => {
  const reset_nodes = [...nodes].sort();
  const unknown = new Set([...unreconciledNodes(run), ...unheardEffects(run), ...Object.keys(run.checkpoint.unknown_effects ?? {}).map((key) => workOfKey(key).node_id)]);
  return {
    reset_nodes,
    cleared_outputs: reset_nodes.filter((id) => Object.hasOwn(run.checkpoint.node_outputs, id)),
    unknown_effects: reset_nodes.filter((id) => unknown.has(id)),
  };
};

/** The roots and everything that depends on them are reset. A preview and the reset itself ask here. */
export const planReset = (run: Run, definition: AutomationDefinition, roots: readonly string[]): ResetPlan => planNodes(run, descendants(definition, roots));

/** Nodes that are blocked, by the checkpoint or by their output. */
export const blockedSet = (run: Run): readonly string[] => [...new Set([...run.checkpoint.blocked_nodes, ...unreconciledNodes(run)])].sort();

/** Pseudo node of a run that failed for want of its required runtime context. */
export const runtimeContextNode = 'runtime_context';
export const runtimeContextMissing = 'runtime context partition missing for automation run';
/** How `detail` of a run begins whose end could not be derived: nothing can run, but nodes are pending. */
export const endNotReached = 'nothing can run, but nodes are pending';

const failedOutputs = ({ checkpoint }: Run): readonly string[] =>
  Object.entries(checkpoint.node_outputs).filter(([, { status }]) => status === 'failed').map(([node_id]) => node_id).sort();

/** `node "x" …` and `gate "x" …`: how the details of a run name what failed. */
const nodeOfDetail = (detail: string): string | undefined => /^(?:node|gate) "([^"]+)"/.exec(detail)?.[1];

const leaves = (definition: AutomationDefinition): readonly string[] => {
  const { nodes, dependents } = flowGraph(definition);
  return [...nodes.keys()].filter((id) => (dependents.get(id) ?? []).length === 0);
};

/** Where a run failed that no node's output and no failure tell of. */
const rootsOfDetail = (detail: string, definition: AutomationDefinition): readonly string[] => {
  if (detail === runtimeContextMissing) return [runtimeContextNode];
  if (detail.startsWith(endNotReached)) return leaves(definition);
  const named = nodeOfDetail(detail);
  return named === undefined ? [] : [named];
};

/**
 * The failure nodes of a failed run (domain 4.3): the last failure's and every node whose output failed,
 * because with one of them left the run would only fail again; else what its detail names.
 */
const failureNodes = (run: Run, definition: AutomationDefinition): readonly string[] => {
  const { last_failure, completed_nodes } = run.checkpoint;
  // A failed attempt of a node that succeeded in the end is not why the run failed.
  const last = last_failure === undefined || completed_nodes.includes(last_failure.node_id) ? [] : [last_failure.node_id];
  const found = [...last, ...failedOutputs(run)];
  return found.length > 0 ? found : rootsOfDetail(run.detail ?? '', definition);
};

/** Where recovering a failed, blocked or completed run begins. May hold the pseudo node, which no definition has. */
export const recoveryRoots = (run: Run, definition: AutomationDefinition): readonly string[] => {
  const roots = run.status === 'failed' ? [...blockedSet(run), ...failureNodes(run, definition)] : blockedSet(run);
  return [...new Set(roots)].sort();
};

/** Pause reason of a run that nobody heard of for too long. */
export const staleReason = 'stale_no_provider_activity';

/** After a stale pause every pending node begins anew; one in progress, or amid a list, is left to the judgement of the next claim. */
export const staleNodes = (run: Run): readonly string[] => {
  if (run.status !== 'paused' || run.pause_reason !== staleReason) return [];
  const { pending_nodes, in_progress, fan_outs = {}, node_outputs } = run.checkpoint;
  // What a person has to reconcile may not be sent again by a resume.
  return pending_nodes.filter((id) => !Object.hasOwn(in_progress, id) && !Object.hasOwn(fan_outs, id) && node_outputs[id]?.status !== 'blocked');
};
