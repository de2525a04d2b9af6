import { ancestors } from '@cs/automation-domain';
import type { AutomationDefinition, Run } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';

/** What expressions of a node may read: the run's input, and the outputs of everything it depends on. */
export const runScope = (run: Run, definition: AutomationDefinition, node_id: string): JsonObject => {
  const nodes: Record<string, Json> = {};
  for (const id of ancestors(definition, node_id)) {
    const output = run.checkpoint.node_outputs[id];
    if (output !== undefined) nodes[id] = { output: output.content };
  }
  return {
    input: run.input,
    nodes,
    run: { run_id: run.run_id, automation_id: run.automation_id, version: run.workflow_definition_version, created_at_ms: run.created_at_ms },
  };
};
