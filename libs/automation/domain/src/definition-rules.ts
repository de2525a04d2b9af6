import type { Agent, AutomationDefinition, FlowNode, Problem } from '@cs/contracts';
import { isApprovalNode } from './flow-graph.js';
import { humanRequestProblems } from './human-request-problems.js';

const duplicateAgents = (agents: readonly Agent[]): readonly Problem[] =>
  agents.flatMap(({ agent_id }, index) =>
    agents.findIndex((agent) => agent.agent_id === agent_id) < index
      ? [{ path: `agents[${index}].agent_id`, code: 'agent_id_duplicate', message: `"${agent_id}" is used by an earlier agent` }]
      : [],
  );

const unknownAgents = ({ agents, flow }: AutomationDefinition): readonly Problem[] => {
  const known = new Set(agents.map(({ agent_id }) => agent_id));
  return flow.nodes.flatMap(({ agent_id }, index) =>
    agent_id === undefined || known.has(agent_id) ? [] : [{ path: `flow.nodes[${index}].agent_id`, code: 'agent_unknown', message: `there is no agent "${agent_id}"` }],
  );
};

const isAbsolute = (path: string): boolean => path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path);

const workspaceProblems = ({ workspace_root: root }: AutomationDefinition): readonly Problem[] => {
  if (root === undefined) return [];
  const problem = (code: string, message: string): readonly Problem[] => [{ path: 'workspace_root', code, message }];
  if (!isAbsolute(root)) return problem('workspace_root_not_absolute', 'expected an absolute path, such as /srv/refunds');
  return root.includes('\0') ? problem('workspace_root_invalid', 'a path has no NUL character') : [];
};

/** Members that say how a node is executed: they mean nothing where a person or the time completes it. */
const executionMembers = ['for_each', 'retry_policy', 'max_attempts', 'timeout_ms', 'output_contract'] as const;

const executionProblems = (node: FlowNode, index: number): readonly Problem[] => {
  const isGate = isApprovalNode(node);
  if (!isGate && node.wait === undefined) return [];
  const [code, what] = isGate ? (['gate_node_has_execution_policy', 'a gate'] as const) : (['wait_node_has_execution_policy', 'a wait'] as const);
  return executionMembers.filter((member) => node[member] !== undefined).map((member) => ({
    path: `flow.nodes[${index}].${member}`, code, message: `${what} is not executed, so "${member}" has no meaning here`,
  }));
};

/** What is wrong with a definition beside its graph: agents, the workspace, and members that exclude each other. */
export const definitionRuleProblems = (definition: AutomationDefinition): readonly Problem[] => [
  ...duplicateAgents(definition.agents), ...unknownAgents(definition), ...workspaceProblems(definition), ...definition.flow.nodes.flatMap(executionProblems), ...humanRequestProblems(definition),
];

/** The parts of a path without `.`, `..` and empty ones. */
const plainParts = (parts: readonly string[]): readonly string[] =>
  parts.reduce<readonly string[]>((plain, part) => {
    if (part === '..') return plain.slice(0, -1);
    return part === '' || part === '.' ? plain : [...plain, part];
  }, []);

/** One spelling of an absolute path: the text only, whatever is on the disk. */
const normalisePath = (path: string): string => {
  const drive = /^[A-Za-z]:/.exec(path)?.[0];
  if (drive === undefined) return `/${plainParts(path.split('/')).join('/')}`;
  return `${drive}\\${plainParts(path.slice(drive.length).split(/[\\/]/)).join('\\')}`;
};

/** A name for people from an id: `support_lead` becomes "Support lead". */
const nameFrom = (id: string): string => {
  const words = id.replace(/[_-]+/g, ' ').trim();
  return words === '' ? id : `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
};

/** An agent may read and nothing else unless its definition says so. */
const defaultTools = ['read'];

const normaliseAgent = (agent: Agent): Agent => {
  const { display_name = '', tool_policy = { allowlist: [], denylist: [] } } = agent;
  return {
    ...agent,
    display_name: display_name.trim() === '' ? nameFrom(agent.agent_id) : display_name,
    tool_policy: tool_policy.allowlist.length === 0 ? { ...tool_policy, allowlist: defaultTools } : tool_policy,
  };
};

/** A definition without problems, as it is stored: names for agents, their least rights, a plain path. */
export const normaliseDefinition = (definition: AutomationDefinition): AutomationDefinition => ({
  ...definition,
  agents: definition.agents.map(normaliseAgent),
  ...(definition.workspace_root === undefined ? {} : { workspace_root: normalisePath(definition.workspace_root) }),
});
