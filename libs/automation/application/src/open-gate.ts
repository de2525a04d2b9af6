import { releasedBy } from '@cs/automation-domain';
import type { FlowNode } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { resolveFor, type NodeContext } from './node-context.js';
import { failureText } from './node-failure.js';
import { shownArguments } from './shown-arguments.js';
import { asText } from './template.js';

/** False when the gate may not open. When its texts cannot be resolved, the run fails: nobody can sign what nobody can read. */
export const openGate = async (context: NodeContext & { readonly digest: Digest }, node: FlowNode): Promise<boolean> => {
  const { session } = context;
  try {
    const title = asText(await resolveFor(context, node, { value: node.objective, path: 'objective' }));
    const instructions = node.gate?.instructions === undefined ? undefined : asText(await resolveFor(context, node, { value: node.gate.instructions, path: 'gate.instructions' }));
    const shown = await Promise.all(releasedBy(session.run, context.definition, node.node_id).map((released) => shownArguments(context, released)));
    const releases = shown.filter((release) => release !== undefined);
    return session.apply({
      type: 'open_gate', node_id: node.node_id, title, ...(instructions === undefined ? {} : { instructions }),
      ...(context.gateExpiry === undefined ? {} : { expiry_default: context.gateExpiry }),
      ...(releases.length === 0 ? {} : { releases }),
    });
  } catch (error) {
    return session.apply({ type: 'fail_run', detail: `gate "${node.node_id}" cannot be shown: ${failureText(error)}` });
  }
};
