import { flowGraph, unfitFailure, type NodeResult } from '@cs/automation-domain';
import { describeProblems, type AutomationDefinition } from '@cs/contracts';
import { outputProblems } from './input-validation.js';

/** The result, or a failure where its output does not fit the node's `output_contract`. The peer did what it did. */
export const checkOutput = (node_id: string, definition: AutomationDefinition, result: NodeResult): NodeResult => {
  const node = flowGraph(definition).nodes.get(node_id);
  if (node?.output_contract === undefined || result.kind === 'failed') return result;
  const problems = outputProblems(node, result.content);
  if (problems.length === 0) return result;
  return {
    kind: 'failed', failure: { kind: unfitFailure, message: describeProblems(problems).slice(0, 2000), path: 'output_contract.schema' }, effect: 'answered', retryable: true,
    ...(result.usage === undefined ? {} : { usage: result.usage }),
  };
};
