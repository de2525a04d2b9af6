import type { AutomationDefinition, FlowNode, Problem } from '@cs/contracts';
import { definitionRuleProblems } from './definition-rules.js';
import { flowGraph, isApprovalNode } from './flow-graph.js';
import { stepProblems } from './step-problems.js';
import { gateDecisions } from './gate-decisions.js';
import { quorumProblems } from './quorum-problems.js';
import { waitProblems } from './wait-problems.js';

const problem = (index: number, member: string, [code, message]: readonly [string, string]): Problem => ({
  path: `flow.nodes[${index}]${member}`, code, message,
});

const duplicateIds = (nodes: readonly FlowNode[]): readonly Problem[] =>
  nodes.flatMap((node, index) =>
    nodes.findIndex(({ node_id }) => node_id === node.node_id) < index
      ? [problem(index, '.node_id', ['node_id_duplicate', `"${node.node_id}" is used by an earlier node`])]
      : [],
  );

const unknownReferences = (definition: AutomationDefinition, node: FlowNode, index: number): readonly Problem[] => {
  const { nodes } = flowGraph(definition);
  const unknown = (ids: readonly string[], member: string, code: string) =>
    ids.flatMap((id, at) => (nodes.has(id) ? [] : [problem(index, `.${member}[${at}]`, [code, `there is no node "${id}"`])]));
  return [
    ...unknown(node.depends_on, 'depends_on', 'depends_on_unknown_node'),
    ...unknown(node.gate?.rework_targets ?? [], 'gate.rework_targets', 'rework_target_unknown_node'),
  ];
};

/** Names that every object has: a record by node id could not tell whether such a node is in it. */
const reservedIds = ({ node_id }: FlowNode, index: number): readonly Problem[] =>
  node_id in {} ? [problem(index, '.node_id', ['node_id_reserved', `"${node_id}" cannot be the id of a node; choose another`])] : [];

/** A wait beside a gate is told by its own code. */
const workOf = (node: FlowNode): number => [node.action, node.wait ?? (isApprovalNode(node) ? 'gate' : node.gate)].filter((part) => part !== undefined).length;

const nodeKind = (node: FlowNode, index: number): readonly Problem[] => {
  if (workOf(node) > 1) {
    return [problem(index, '', ['node_work_conflict', 'a node has exactly one of "action", "gate" and "wait"; a node of stage "approval" is a gate'])];
  }
  if (workOf(node) === 0) {
    return [problem(index, '', ['node_work_missing', 'a node needs one of "action" (http, transform, automation), "gate" and "wait"; agent steps are not available yet'])];
  }
  if (node.gate !== undefined && node.wait === undefined && !isApprovalNode(node)) {
    return [problem(index, '.gate.required', ['gate_not_required', 'a gate that is not required stops nobody; remove the node, or make it required'])];
  }
  return [];
};

const actionProblems = ({ action }: FlowNode, index: number): readonly Problem[] =>
  action?.kind !== 'worker'
    ? []
    : [problem(index, '.action.kind', ['step_kind_unavailable', `steps of kind "${action.kind}" are not available yet`])];

const gateProblems = ({ gate }: FlowNode, index: number): readonly Problem[] => {
  if (!gate) return [];
  const { unknown } = gateDecisions(gate);
  const decisions = gate.decisions.flatMap((word, at) =>
    unknown.includes(word) ? [problem(index, `.gate.decisions[${at}]`, ['approval_decisions_invalid', `"${word}" is not a decision; use approve, rework or cancel`])] : [],
  );
  const { on_expiry, escalate_to } = gate.expiry_policy ?? {};
  const unused = escalate_to !== undefined && on_expiry !== 'escalate'
    ? [problem(index, '.gate.expiry_policy.escalate_to', ['approval_expiry_invalid', '"escalate_to" is who is asked with on_expiry "escalate"; set that, or leave it out'])]
    : [];
  return [...decisions, ...unused];
};

/** Nodes that can never start because they depend, through others, on themselves. */
const onCycles = (definition: AutomationDefinition): readonly string[] => {
  const waiting = new Map(definition.flow.nodes.map((node) => [node.node_id, new Set(node.depends_on)]));
  const { dependents } = flowGraph(definition);
  const free = [...waiting].filter(([, upstream]) => upstream.size === 0).map(([id]) => id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    waiting.delete(id);
    for (const dependent of dependents.get(id) ?? []) {
      const upstream = waiting.get(dependent);
      upstream?.delete(id);
      if (upstream?.size === 0) free.push(dependent);
    }
  }
  return [...waiting.keys()];
};

const cycleProblems = (definition: AutomationDefinition): readonly Problem[] => {
  const stuck = onCycles(definition);
  return stuck.length === 0
    ? []
    : [{ path: 'flow.nodes', code: 'flow_cycle', message: `these nodes wait for each other and could never start: ${stuck.join(', ')}` }];
};

/** Everything that is wrong with a well-formed definition: each node does one thing, references exist, nothing waits for itself. */
export const definitionProblems = (definition: AutomationDefinition): readonly Problem[] => {
  const { nodes } = definition.flow;
  const local = nodes.flatMap((node, index) => [
    ...reservedIds(node, index), ...nodeKind(node, index), ...actionProblems(node, index), ...waitProblems(definition, node, index), ...gateProblems(node, index), ...quorumProblems(node, index), ...stepProblems(definition, node, index), ...unknownReferences(definition, node, index),
  ]);
  const problems = [...duplicateIds(nodes), ...local, ...definitionRuleProblems(definition)];
  return problems.length > 0 ? problems : cycleProblems(definition);
};
