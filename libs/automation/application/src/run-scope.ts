import { ancestors, fanOutOf, flowGraph, type WorkRef } from '@cs/automation-domain';
import type { AutomationDefinition, Run } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';

/** Outputs under the names that the node gave them. */
const inputsOf = (run: Run, definition: AutomationDefinition, node_id: string): JsonObject => {
  const inputs: Record<string, Json> = {};
  for (const { alias, from_step_id } of flowGraph(definition).nodes.get(node_id)?.input_refs ?? []) {
    const output = run.checkpoint.node_outputs[from_step_id];
    if (output !== undefined) inputs[alias] = output.content;
  }
  return inputs;
};

const itemOf = (run: Run, { node_id, item }: WorkRef): JsonObject => (item === undefined ? {} : { item: fanOutOf(run, node_id)?.items[item] ?? null, index: item });

/** What expressions of a node, or of an item of its fan-out, may read: the run's input, and the outputs of everything it depends on. */
export const runScope = (run: Run, definition: AutomationDefinition, work: WorkRef): JsonObject => {
  const nodes: Record<string, Json> = {};
  for (const id of ancestors(definition, work.node_id)) {
    const output = run.checkpoint.node_outputs[id];
    if (output !== undefined) nodes[id] = { output: output.content, ...(output.answer === undefined ? {} : { answer: { ...output.answer } }) };
  }
  return {
    input: run.input,
    inputs: inputsOf(run, definition, work.node_id),
    nodes,
    run: { run_id: run.run_id, automation_id: run.automation_id, version: run.workflow_definition_version, created_at_ms: run.created_at_ms },
    ...itemOf(run, work),
  };
};
