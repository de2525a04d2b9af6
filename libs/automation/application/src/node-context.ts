import type { AutomationDefinition, FlowNode } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';
import type { ExpressionEvaluator } from './expression.port.js';
import { runScope } from './run-scope.js';
import type { RunSession } from './run-session.js';
import { resolveTemplate } from './template.js';

/** What the work on the nodes of one claimed run shares. */
export interface NodeContext {
  readonly session: RunSession;
  readonly definition: AutomationDefinition;
  readonly evaluator: ExpressionEvaluator;
}

/** What the expressions of a node may read now. */
export const scopeOf = ({ session, definition }: NodeContext, { node_id }: FlowNode): JsonObject => runScope(session.run, definition, node_id);

/** A value of a node with its expressions resolved. Throws `TemplateError`. */
export const resolveFor = (context: NodeContext, node: FlowNode, { value, path }: { readonly value: Json; readonly path: string }): Promise<Json> =>
  resolveTemplate(value, path, { evaluator: context.evaluator, scope: scopeOf(context, node) });
