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

/** What is wrong with the named inputs of a node. */
export const stepProblems = (definition: AutomationDefinition, node: FlowNode, index: number): readonly Problem[] => inputRefProblems(definition, node, `flow.nodes[${index}]`);
