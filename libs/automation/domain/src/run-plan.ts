import type { AutomationDefinition, FlowNode, Run } from '@cs/contracts';
import { flowGraph, isApprovalNode } from './flow-graph.js';

/** What a run could do next. Each list is in definition order. */
export interface RunPlan {
  /** Nodes with an action whose dependencies are complete. */
  readonly ready: readonly FlowNode[];
  /** Wait nodes whose wait is not open yet. */
  readonly waits: readonly FlowNode[];
  /** Approval nodes that could open. */
  readonly gates: readonly FlowNode[];
  /** Nodes left in progress by an earlier claim. */
  readonly interrupted: readonly string[];
  readonly inProgress: number;
}

const startable = (run: Run, definition: AutomationDefinition): readonly FlowNode[] => {
  const { pending_nodes, completed_nodes, node_outputs, in_progress, open_waits } = run.checkpoint;
  const pending = new Set(pending_nodes);
  const completed = new Set(completed_nodes);
  const waiting = new Set(open_waits.map(({ node_id }) => node_id));
  return definition.flow.nodes.filter(
    ({ node_id, depends_on }) =>
      pending.has(node_id) && !Object.hasOwn(node_outputs, node_id) && !Object.hasOwn(in_progress, node_id) && !waiting.has(node_id) && depends_on.every((id) => completed.has(id)),
  );
};

export const planRun = (run: Run, definition: AutomationDefinition): RunPlan => {
  const nodes = startable(run, definition);
  const inProgress = Object.entries(run.checkpoint.in_progress);
  return {
    gates: nodes.filter(isApprovalNode),
    waits: nodes.filter((node) => node.wait !== undefined && !isApprovalNode(node)),
    ready: nodes.filter((node) => node.wait === undefined && !isApprovalNode(node)),
    interrupted: inProgress.filter(([, { lease_epoch }]) => lease_epoch < run.execution_claim_epoch).map(([node_id]) => node_id),
    inProgress: inProgress.length,
  };
};

/** A node may start now. */
export const isStartable = ({ checkpoint }: Run, definition: AutomationDefinition, node_id: string): boolean => {
  const node = flowGraph(definition).nodes.get(node_id);
  return (
    node !== undefined &&
    checkpoint.pending_nodes.includes(node_id) &&
    !Object.hasOwn(checkpoint.node_outputs, node_id) &&
    !Object.hasOwn(checkpoint.in_progress, node_id) &&
    !checkpoint.open_waits.some((wait) => wait.node_id === node_id) &&
    node.depends_on.every((id) => checkpoint.completed_nodes.includes(id))
  );
};

/** The gate that may open now: nothing else runs or could start, and it is the first in definition order (domain 3.6). */
export const gateToOpen = (run: Run, definition: AutomationDefinition): FlowNode | undefined => {
  const { gates, ready, waits, inProgress } = planRun(run, definition);
  return inProgress + ready.length + waits.length === 0 ? gates[0] : undefined;
};
