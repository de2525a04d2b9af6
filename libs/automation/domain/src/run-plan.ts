import type { AutomationDefinition, FlowNode, Run } from '@cs/contracts';
import { fanOutOf, planFanOut, type FanOutPlan } from './fan-out.js';
import { flowGraph, isApprovalNode } from './flow-graph.js';
import { hasOutcome } from './repairable-output.js';
import { holdOfNode } from './policy-approval.js';
import { workOfKey, type WorkRef } from './work-key.js';

/** What a run could do next. Each list is in definition order. */
export interface RunPlan {
  /** Nodes with an action whose dependencies are complete. */
  readonly ready: readonly FlowNode[];
  /** Wait nodes whose wait is not open yet. */
  readonly waits: readonly FlowNode[];
  /** Approval nodes that could open, and nodes that a policy lets start only after an approval. */
  readonly gates: readonly FlowNode[];
  /** Fan-outs that began and go on. */
  readonly fanOuts: readonly FanOutPlan[];
  /** Nodes and items left in progress by an earlier claim. */
  readonly interrupted: readonly WorkRef[];
  readonly inProgress: number;
}

const startable = (run: Run, definition: AutomationDefinition): readonly FlowNode[] => {
  const { pending_nodes, completed_nodes, node_outputs, in_progress, open_waits } = run.checkpoint;
  const pending = new Set(pending_nodes);
  const completed = new Set(completed_nodes);
  const waiting = new Set(open_waits.map(({ node_id }) => node_id));
  return definition.flow.nodes.filter(
    ({ node_id, depends_on }) =>
      pending.has(node_id) && fanOutOf(run, node_id) === undefined && !hasOutcome({ node_outputs }, node_id) && !Object.hasOwn(in_progress, node_id) && !waiting.has(node_id) && depends_on.every((id) => completed.has(id)),
  );
};

const openFanOuts = (run: Run, definition: AutomationDefinition): readonly FanOutPlan[] =>
  run.checkpoint.fan_outs === undefined ? [] : definition.flow.nodes.map((node) => planFanOut(run, node)).filter((plan) => plan !== undefined);

/** Something could be started or finished, or runs: the run neither rests nor ends. */
export const hasWork = ({ inProgress, ready, waits, fanOuts }: RunPlan): boolean =>
  inProgress + ready.length + waits.length > 0 || fanOuts.some(({ items, isOver }) => isOver || items.length > 0);

/** In definition order: a list that is held has begun, and is among the nodes that could start no more. */
const gatesOf = (run: Run, definition: AutomationDefinition, startableNodes: readonly FlowNode[]): readonly FlowNode[] => {
  const approvals = startableNodes.filter(isApprovalNode);
  const held = run.checkpoint.policy_holds ?? {};
  if (Object.keys(held).length === 0) return approvals;
  return definition.flow.nodes.filter((node) => approvals.includes(node) || (Object.hasOwn(held, node.node_id) && isHeldAtStart(run, node)));
};

/** Held with all that it depends on done: in a reset in between, other gates come first. */
const isHeldAtStart = ({ checkpoint }: Run, { node_id, depends_on }: FlowNode): boolean =>
  checkpoint.pending_nodes.includes(node_id) && !hasOutcome(checkpoint, node_id) && depends_on.every((id) => checkpoint.completed_nodes.includes(id));

export const planRun = (run: Run, definition: AutomationDefinition): RunPlan => {
  const nodes = startable(run, definition).filter(({ node_id }) => holdOfNode(run, node_id) === undefined);
  const inProgress = Object.entries(run.checkpoint.in_progress);
  return {
    gates: gatesOf(run, definition, nodes),
    waits: nodes.filter((node) => node.wait !== undefined && !isApprovalNode(node)),
    ready: nodes.filter((node) => node.wait === undefined && !isApprovalNode(node)),
    fanOuts: openFanOuts(run, definition),
    interrupted: inProgress.filter(([, { lease_epoch }]) => lease_epoch < run.execution_claim_epoch).map(([key]) => workOfKey(key)),
    inProgress: inProgress.length,
  };
};

/** An item of a fan-out may start now. */
export const isItemStartable = (run: Run, definition: AutomationDefinition, { node_id, item }: { readonly node_id: string; readonly item: number }): boolean => {
  const node = flowGraph(definition).nodes.get(node_id);
  return node !== undefined && planFanOut(run, node)?.items.includes(item) === true;
};

/** A node may start now. */
export const isStartable = ({ checkpoint }: Run, definition: AutomationDefinition, node_id: string): boolean => {
  const node = flowGraph(definition).nodes.get(node_id);
  return (
    node !== undefined &&
    checkpoint.pending_nodes.includes(node_id) &&
    holdOfNode({ checkpoint }, node_id) === undefined &&
    fanOutOf({ checkpoint }, node_id) === undefined &&
    !hasOutcome(checkpoint, node_id) &&
    !Object.hasOwn(checkpoint.in_progress, node_id) &&
    !checkpoint.open_waits.some((wait) => wait.node_id === node_id) &&
    node.depends_on.every((id) => checkpoint.completed_nodes.includes(id))
  );
};

/** The gate that may open now: nothing else runs or could start, and it is the first in definition order (domain 3.6). */
export const gateToOpen = (run: Run, definition: AutomationDefinition): FlowNode | undefined => {
  const plan = planRun(run, definition);
  return hasWork(plan) ? undefined : plan.gates[0];
};
