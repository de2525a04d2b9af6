import { isApprovalNode } from '@cs/automation-domain';
import type { Action, AutomationDefinition, Binding, FlowNode, Problem, SingleWaitSpec } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import type { ExpressionEvaluator } from './expression.port.js';
import { bareExpression } from './expression-text.js';
import { expressionsIn, TemplateError, templatesIn } from './template.js';

interface Located {
  readonly path: string;
  readonly expression: string;
}

type Parts = readonly (readonly [string, Json | undefined])[];
type PartsOf = { readonly [Kind in Action['kind']]: (action: Extract<Action, { kind: Kind }>) => Parts };

/** Members of each kind of action that may hold expressions. */
const partsOf: PartsOf = {
  http: ({ url, headers, query, body }) => [['action.url', url], ['action.headers', headers], ['action.query', query], ['action.body', body]],
  automation: ({ input }) => [['action.input', input]],
  question: ({ prompt, default: fallback }) => [['action.prompt', prompt], ['action.default', fallback]],
  escalation: ({ reason }) => [['action.reason', reason]],
  transform: () => [],
  worker: () => [],
};

// The table has, for each kind, the parts of exactly that kind; the compiler cannot see the pairing.
const actionParts = ({ action }: FlowNode): Parts => (action === undefined ? [] : (partsOf[action.kind] as (action: Action) => Parts)(action));

const textParts = (node: FlowNode): readonly (readonly [string, Json | undefined])[] => [
  // Only a gate's objective is shown with its expressions resolved.
  ['objective', isApprovalNode(node) ? node.objective : undefined],
  ['gate.instructions', node.gate?.instructions],
  ['for_each.items', Array.isArray(node.for_each?.items) ? node.for_each.items : undefined],
];

/** A binding's literal is taken as it is written. */
const templateOf = (value: string | number | Binding | undefined): Json | undefined => (typeof value === 'object' ? undefined : value);

const waitTexts = (spec: SingleWaitSpec, path: string): readonly (readonly [string, Json | undefined])[] => {
  switch (spec.kind) {
    case 'timer':
      return [[`${path}.wake_at`, templateOf(spec.wake_at)]];
    case 'webhook':
      return [[`${path}.correlation.value`, templateOf(spec.correlation?.value)]];
    case 'external_condition':
      return [[`${path}.condition_key`, templateOf(spec.condition_key)]];
  }
};

const waitParts = ({ wait }: FlowNode): readonly (readonly [string, Json | undefined])[] => {
  if (wait === undefined || wait.kind === 'approval') return [];
  return wait.kind === 'any' ? wait.of.flatMap((branch, index) => waitTexts(branch, `wait.of[${index}]`)) : waitTexts(wait, 'wait');
};

/** Members that are an expression themselves. */
const bareParts = ({ action, when, for_each }: FlowNode): readonly (readonly [string, string])[] => [
  ...(action?.kind === 'transform' ? [['action.expression', action.expression] as const] : []),
  ...(when === undefined ? [] : [['when', bareExpression(when)] as const]),
  ...(typeof for_each?.items === 'string' ? [['for_each.items', bareExpression(for_each.items)] as const] : []),
];

const invalid = (path: string, message: string): Problem => ({ path, code: 'expression_invalid', message });

const checked = ({ path, expression }: Located, evaluator: ExpressionEvaluator): readonly Problem[] => {
  const error = evaluator.check(expression);
  return error === undefined ? [] : [invalid(path, error.message)];
};

const templateProblems = (text: string, path: string, evaluator: ExpressionEvaluator): readonly Problem[] => {
  try {
    return expressionsIn(text, path).flatMap((located) => checked(located, evaluator));
  } catch (error) {
    if (error instanceof TemplateError) return [invalid(error.path, error.message)];
    throw error;
  }
};

const nodeProblems = (node: FlowNode, prefix: string, evaluator: ExpressionEvaluator): readonly Problem[] => {
  const templates = [...actionParts(node), ...textParts(node), ...waitParts(node)].flatMap(([path, value]) => templatesIn(value, `${prefix}.${path}`)).flatMap(({ path, text }) => templateProblems(text, path, evaluator));
  return [...templates, ...bareParts(node).flatMap(([path, expression]) => checked({ path: `${prefix}.${path}`, expression }, evaluator))];
};

/** Expressions of a definition that cannot be parsed, each with its place. */
export const expressionProblems = (definition: AutomationDefinition, evaluator: ExpressionEvaluator): readonly Problem[] =>
  definition.flow.nodes.flatMap((node, index) => nodeProblems(node, `flow.nodes[${index}]`, evaluator));
