import type { NodeResult } from '@cs/automation-domain';
import type { FlowNode } from '@cs/contracts';
import { scopeOf, type NodeContext } from './node-context.js';
import { failedBy } from './node-failure.js';
import { resolveWaits } from './wait-resolution.js';

type Failed = Extract<NodeResult, { kind: 'failed' }>;

/** Opens the waits of a wait node. A failure is the node's result: its specification cannot be resolved. */
export const registerWait = async (context: NodeContext, node: FlowNode): Promise<Failed | undefined> => {
  const { session, evaluator } = context;
  try {
    const waits = await resolveWaits(node.wait, { evaluator, scope: scopeOf(context, node) });
    session.apply({ type: 'open_waits', node_id: node.node_id, waits });
    return undefined;
  } catch (error) {
    return failedBy(error);
  }
};
