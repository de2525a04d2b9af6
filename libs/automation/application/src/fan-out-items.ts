import type { FlowNode } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { ExpressionError } from './expression.port.js';
import { evaluateText } from './expression-text.js';
import { resolveFor, scopeOf, type NodeContext } from './node-context.js';
import { TemplateError } from './template.js';

/** Items of one fan-out: each has events of its own, and the list stands in the run. */
export const maxFanOutItems = 10_000;

const path = 'for_each.items';
const wrong = (message: string): TemplateError => new TemplateError(path, new ExpressionError(message, path));

/** In JSONata one value and a list of one are the same, and nothing is the empty list. */
const asList = (value: Json | undefined): readonly Json[] => {
  if (value === undefined) return [];
  if (value === null) throw wrong('expected a list, got null');
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
};

/** The list that a node is executed for. Throws `TemplateError`. */
export const itemsOf = async (context: NodeContext, node: FlowNode): Promise<readonly Json[]> => {
  const source = node.for_each?.items ?? [];
  const value = typeof source === 'string'
    ? await evaluateText(source, path, { evaluator: context.evaluator, scope: scopeOf(context, node) })
    : await resolveFor(context, node, { value: source, path });
  const items = asList(value);
  if (items.length > maxFanOutItems) throw wrong(`the list has ${items.length} items; at most ${maxFanOutItems} are executed`);
  return items;
};
