import type { AutomationDefinition, FlowNode, Problem } from '@cs/contracts';
import { approverProblems } from './quorum-problems.js';

const isRepeated = (ids: readonly string[], index: number): boolean => ids.findIndex((id) => id.trim().toLowerCase() === ids[index]?.trim().toLowerCase()) < index;

/** Members that say how an attempt is executed: a person is not. */
const executionMembers = ['timeout_ms', 'output_contract'] as const;

const replacements = { timeout_ms: '"action.expires_after_ms" says how long the person has', output_contract: '"action.schema" says what an answer has to be' } as const;

const executionProblems = (node: FlowNode, path: string): readonly Problem[] =>
  executionMembers.filter((member) => node[member] !== undefined).map((member) => ({ path: `${path}.${member}`, code: 'human_request_has_execution_policy', message: `a person is asked here: ${replacements[member]}; leave "${member}" out` }));

const chainProblems = ({ action }: FlowNode, path: string): readonly Problem[] => {
  if (action?.kind !== 'escalation') return [];
  const roles = [action.role, ...(action.chain ?? [])];
  return roles.flatMap((role, index) =>
    isRepeated(roles, index) ? [{ path: `${path}.action.chain[${index - 1}]`, code: 'escalation_role_duplicate', message: `role "${role}" is asked already` }] : [],
  );
};

const chainTime = ({ action }: FlowNode, path: string): readonly Problem[] =>
  action?.kind === 'escalation' && (action.chain?.length ?? 0) > 0 && action.expires_after_ms === undefined
    ? [{ path: `${path}.action.expires_after_ms`, code: 'escalation_time_missing', message: 'the roles of "chain" are asked when time runs out: give the time that each role has' }]
    : [];

/** What is wrong with a step that asks a person. */
export const humanRequestProblems = ({ flow }: AutomationDefinition): readonly Problem[] =>
  flow.nodes.flatMap((node, index) => {
    const { action } = node;
    if (action?.kind !== 'question' && action?.kind !== 'escalation') return [];
    const path = `flow.nodes[${index}]`;
    const asked = action.kind === 'question' ? approverProblems(action.ask ?? [], `${path}.action.ask`) : [];
    return [...executionProblems(node, path), ...chainProblems(node, path), ...chainTime(node, path), ...asked];
  });
