import type { AutomationDefinition, FlowNode, Problem } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { ExpressionError, type ExpressionEvaluator } from './expression.port.js';
import { expressionsIn } from './template.js';

interface Located {
  readonly path: string;
  readonly expression: string;
}

const httpParts = (node: FlowNode): readonly (readonly [string, Json | undefined])[] => {
  if (node.action?.kind !== 'http') return [];
  const { url, headers, query, body } = node.action;
  return [['action.url', url], ['action.headers', headers], ['action.query', query], ['action.body', body]];
};

const textParts = (node: FlowNode): readonly (readonly [string, Json | undefined])[] => [
  ['objective', node.gate === undefined ? undefined : node.objective],
  ['gate.instructions', node.gate?.instructions],
  ['wait.wake_at', node.wait?.wake_at],
];

const located = (node: FlowNode): readonly Located[] => {
  const templates = [...httpParts(node), ...textParts(node)].flatMap(([path, value]) => expressionsIn(value, path));
  return node.action?.kind === 'transform' ? [...templates, { path: 'action.expression', expression: node.action.expression }] : templates;
};

const nodeProblems = (node: FlowNode, prefix: string, evaluator: ExpressionEvaluator): readonly Problem[] => {
  try {
    return located(node).flatMap(({ path, expression }) => {
      const error = evaluator.check(expression);
      return error === undefined ? [] : [{ path: `${prefix}.${path}`, code: 'expression_invalid', message: error.message }];
    });
  } catch (error) {
    if (error instanceof ExpressionError) return [{ path: prefix, code: 'expression_invalid', message: error.message }];
    throw error;
  }
};

/** Expressions of a definition that cannot be parsed, each with its place. */
export const expressionProblems = (definition: AutomationDefinition, evaluator: ExpressionEvaluator): readonly Problem[] =>
  definition.flow.nodes.flatMap((node, index) => nodeProblems(node, `flow.nodes[${index}]`, evaluator));
