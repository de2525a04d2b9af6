import type { AutomationDefinition, FlowNode, Problem } from '@cs/contracts';
import { ancestors, flowGraph } from './flow-graph.js';

const inputRefProblems = (definition: AutomationDefinition, { node_id, input_refs = [] }: FlowNode, path: string): readonly Problem[] =>
  input_refs.flatMap(({ from_step_id, alias }, at) => {
    const here = `${path}.input_refs[${at}]`;
    if (input_refs.findIndex((other) => other.alias === alias) < at) return [{ path: `${here}.alias`, code: 'input_ref_alias_duplicate', message: `"${alias}" is the name of an earlier input` }];
    if (!flowGraph(definition).nodes.has(from_step_id)) return [{ path: `${here}.from_step_id`, code: 'input_ref_unknown_node', message: `there is no node "${from_step_id}"` }];
    if (ancestors(definition, node_id).has(from_step_id)) return [];
    return [{ path: `${here}.from_step_id`, code: 'input_ref_not_dependency', message: `"${node_id}" does not depend on "${from_step_id}": its output might not be there yet` }];
  });

/** What is wrong with the named inputs of a node, and with the limits of a child run. */
export const stepProblems = (definition: AutomationDefinition, node: FlowNode, index: number): readonly Problem[] => {
  const path = `flow.nodes[${index}]`;
  const problems: Problem[] = [...inputRefProblems(definition, node, path)];
  if (node.action?.kind === 'automation' && node.timeout_ms !== undefined) {
    problems.push({ path: `${path}.timeout_ms`, code: 'child_run_timeout_unavailable', message: 'a child run has its own limits (execution.max_total_runtime_ms of its automation); leave "timeout_ms" out' });
  }
  return problems;
};
