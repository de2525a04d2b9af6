import type { ExpiryDefault, WorkRef } from '@cs/automation-domain';
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
  /** What holds for gates that do not say how long they wait. Default seven days, then the run is cancelled. */
  readonly gateExpiry?: ExpiryDefault | undefined;
}

/** What the expressions of a node, or of an item of it, may read now. */
export const scopeOf = ({ session, definition }: NodeContext, work: WorkRef): JsonObject => runScope(session.run, definition, work);

/** A value of a node with its expressions resolved. Throws `TemplateError`. */
export const resolveFor = (context: NodeContext, node: FlowNode, { value, path }: { readonly value: Json; readonly path: string }): Promise<Json> =>
  resolveTemplate(value, path, { evaluator: context.evaluator, scope: scopeOf(context, node) });
