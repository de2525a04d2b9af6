import type { AutomationDefinition, FlowNode } from '@cs/contracts';
import { isJsonObject, type JsonObject } from '@cs/kernel';

/** A definition's nodes by id and by what depends on them, in definition order. */
export interface FlowGraph {
  readonly nodes: ReadonlyMap<string, FlowNode>;
  readonly dependents: ReadonlyMap<string, readonly string[]>;
}

const graphs = new WeakMap<AutomationDefinition, FlowGraph>();

const indexNodes = (definition: AutomationDefinition): FlowGraph => {
  const dependents = new Map<string, string[]>();
  for (const node of definition.flow.nodes) {
    for (const upstream of node.depends_on) dependents.set(upstream, [...(dependents.get(upstream) ?? []), node.node_id]);
  }
  return { nodes: new Map(definition.flow.nodes.map((node) => [node.node_id, node])), dependents };
};

/** The graph of a definition; definitions never change, so it is computed once for each. */
export const flowGraph = (definition: AutomationDefinition): FlowGraph => {
  const known = graphs.get(definition);
  if (known) return known;
  const graph = indexNodes(definition);
  graphs.set(definition, graph);
  return graph;
};

/** The roots and everything that depends on one of them, sorted (domain 2.3). Unknown roots are left out. */
export const descendants = (definition: AutomationDefinition, roots: readonly string[]): readonly string[] => {
  const { nodes, dependents } = flowGraph(definition);
  const found = new Set<string>();
  const open = roots.filter((root) => nodes.has(root));
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...(dependents.get(node) ?? []));
  }
  return [...found].sort();
};

/** How planners write that a person decides at a node. */
const isPlannedApproval = (metadata: JsonObject | undefined): boolean => {
  const [builder, approval] = [metadata?.['builder'], metadata?.['approval']];
  if (metadata?.['stage_kind'] === 'approval' || (isJsonObject(builder) && builder['task_class'] === 'human_decision_gate')) return true;
  return isJsonObject(approval) && ['allowed_decisions', 'decisions', 'require_explicit_decision'].some((member) => Boolean(approval[member]));
};

/** An approval node stops the run for a signature (domain 2.3). */
export const isApprovalNode = (node: FlowNode): boolean =>
  node.stage_kind === 'approval' || node.gate?.required === true || node.wait?.kind === 'approval' || isPlannedApproval(node.metadata);

const ancestorSets = new WeakMap<AutomationDefinition, Map<string, ReadonlySet<string>>>();

const collectAncestors = ({ nodes }: FlowGraph, node_id: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const open = [...(nodes.get(node_id)?.depends_on ?? [])];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(nodes.get(id)?.depends_on ?? []));
  }
  return found;
};

/**
 * Everything a node depends on, directly or through others: what its expressions may read. Outputs of
 * other branches are left out, because whether they are there yet would depend on timing.
 */
export const ancestors = (definition: AutomationDefinition, node_id: string): ReadonlySet<string> => {
  const known = ancestorSets.get(definition) ?? new Map<string, ReadonlySet<string>>();
  ancestorSets.set(definition, known);
  const found = known.get(node_id) ?? collectAncestors(flowGraph(definition), node_id);
  known.set(node_id, found);
  return found;
};
