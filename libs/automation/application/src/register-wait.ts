import type { FlowNode } from '@cs/contracts';
import { scopeOf, type NodeContext } from './node-context.js';
import { failedBy } from './node-failure.js';
import type { NodeResult } from '@cs/automation-domain';
import { wakeAtOf } from './timer-wait.js';

/** Opens the wait of a wait node. A failure is the node's result: its specification cannot be resolved. */
export const registerWait = async (context: NodeContext, node: FlowNode): Promise<NodeResult | undefined> => {
  const { session, evaluator } = context;
  try {
    session.apply({ type: 'register_timer', node_id: node.node_id, wake_at_ms: await wakeAtOf(node, session.atMs, { evaluator, scope: scopeOf(context, node) }) });
    return undefined;
  } catch (error) {
    return failedBy(error);
  }
};
