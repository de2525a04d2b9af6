import type { FlowNode } from '@cs/contracts';
import { resolveFor, type NodeContext } from './node-context.js';
import { failureText } from './node-failure.js';
import { asText } from './template.js';

/** False when the gate may not open. When its texts cannot be resolved, the run fails: nobody can sign what nobody can read. */
export const openGate = async (context: NodeContext, node: FlowNode): Promise<boolean> => {
  const { session } = context;
  try {
    const title = asText(await resolveFor(context, node, { value: node.objective, path: 'objective' }));
    const instructions = node.gate?.instructions === undefined ? undefined : asText(await resolveFor(context, node, { value: node.gate.instructions, path: 'gate.instructions' }));
    return session.apply({
      type: 'open_gate', node_id: node.node_id, title, ...(instructions === undefined ? {} : { instructions }),
      ...(context.gateExpiry === undefined ? {} : { expiry_default: context.gateExpiry }),
    });
  } catch (error) {
    return session.apply({ type: 'fail_run', detail: `gate "${node.node_id}" cannot be shown: ${failureText(error)}` });
  }
};
