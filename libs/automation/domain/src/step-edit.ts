import { accepted, isJsonObject, refused, type JsonObject, type Result } from '@cs/kernel';
import type { Agent, AutomationDefinition, FlowNode, RepairedStep } from '@cs/contracts';

/** What a repair changes of a step; what is absent stays. */
export interface StepEdit {
  readonly node_id: string;
  readonly prompt?: string | undefined;
  readonly template_id?: string | undefined;
  readonly model_policy?: JsonObject | undefined;
}

export interface EditedStep {
  readonly definition: AutomationDefinition;
  readonly step: RepairedStep;
}

interface EditedPart<Part> {
  readonly part: Part;
  readonly step: Partial<RepairedStep>;
}

/** `prompt` is `metadata.builder.prompt` of the node. */
const editNode = (node: FlowNode, prompt: string): Result<EditedPart<FlowNode>> => {
  const builder = node.metadata?.['builder'] ?? {};
  if (!isJsonObject(builder)) {
    return refused('AUTOMATION_V2_REPAIR_METADATA_INVALID', `metadata.builder of node "${node.node_id}" is no object and cannot take a prompt`, { nodeID: node.node_id });
  }
  const previous = builder['prompt'];
  return accepted({
    part: { ...node, metadata: { ...node.metadata, builder: { ...builder, prompt } } },
    step: { prompt_updated: true, previous_prompt: typeof previous === 'string' ? previous : null, new_prompt: prompt },
  });
};

/** Template and model policy are the agent's: every node of that agent has them. */
const editAgent = (agent: Agent, { template_id, model_policy }: StepEdit): EditedPart<Agent> => ({
  part: { ...agent, ...(template_id === undefined ? {} : { template_id }), ...(model_policy === undefined ? {} : { model_policy: model_policy as NonNullable<Agent['model_policy']> }) },
  step: {
    ...(template_id === undefined ? {} : { template_updated: true, previous_template_id: agent.template_id ?? null, new_template_id: template_id }),
    ...(model_policy === undefined
      ? {}
      : { model_policy_updated: true, previous_model_policy: agent.model_policy ?? null, new_model_policy: model_policy as NonNullable<RepairedStep['new_model_policy']> }),
  },
});

const withAgent = (definition: AutomationDefinition, node: FlowNode, edit: StepEdit): Result<{ readonly agents: readonly Agent[]; readonly step: Partial<RepairedStep> }> => {
  if (edit.template_id === undefined && edit.model_policy === undefined) return accepted({ agents: definition.agents, step: {} });
  const agent = definition.agents.find(({ agent_id }) => agent_id === node.agent_id);
  if (agent === undefined) return refused('AUTOMATION_V2_REPAIR_AGENT_NOT_FOUND', `node "${node.node_id}" has no agent that could be edited`, { nodeID: node.node_id });
  const { part, step } = editAgent(agent, edit);
  return accepted({ agents: definition.agents.map((each) => (each === agent ? part : each)), step });
};

const unchanged = { prompt_updated: false, template_updated: false, model_policy_updated: false, reset_only: true };

/** The definition with a step edited, and what was before. Refused when the step cannot take the edit. */
export const editStep = (definition: AutomationDefinition, edit: StepEdit): Result<EditedStep> => {
  const node = definition.flow.nodes.find(({ node_id }) => node_id === edit.node_id);
  if (node === undefined) return refused('AUTOMATION_V2_REPAIR_NODE_NOT_FOUND', `the definition has no node "${edit.node_id}"`, { nodeID: edit.node_id });
  const own = edit.prompt === undefined ? accepted({ part: node, step: {} }) : editNode(node, edit.prompt);
  if (!own.ok) return own;
  const agents = withAgent(definition, node, edit);
  if (!agents.ok) return agents;
  const changes = { ...own.value.step, ...agents.value.step };
  const flow = { nodes: definition.flow.nodes.map((each) => (each === node ? own.value.part : each)) };
  return accepted({
    definition: { ...definition, flow, agents: [...agents.value.agents] },
    step: { ...unchanged, reset_only: Object.keys(changes).length === 0, ...changes },
  });
};
