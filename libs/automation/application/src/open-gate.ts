import { holdOfNode, releasedBy } from '@cs/automation-domain';
import type { FlowNode, PolicyHold } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { resolveFor, type NodeContext } from './node-context.js';
import { failureText } from './node-failure.js';
import { shownArguments } from './shown-arguments.js';
import { asText } from './template.js';

interface GateTexts {
  readonly title: string;
  readonly instructions: string | undefined;
  /** Steps that an approval lets go out. */
  readonly released: readonly FlowNode[];
}

const textOf = async (context: NodeContext, node: FlowNode, path: 'objective' | 'gate.instructions'): Promise<string | undefined> => {
  const value = path === 'objective' ? node.objective : node.gate?.instructions;
  return value === undefined ? undefined : asText(await resolveFor(context, node, { value, path }));
};

/** At a gate that a policy opens, the step itself is what is asked about, and the policy says why. */
const policyTexts = (title: string, node: FlowNode, { reason, elevated }: PolicyHold): GateTexts => ({
  title, released: [node],
  instructions: `Policy: ${reason}. ${elevated ? 'An elevated reviewer has to approve. ' : ''}An approval lets step "${node.node_id}" go out once, with exactly these arguments.`,
});

const textsOf = async (context: NodeContext, node: FlowNode): Promise<GateTexts> => {
  const { session: { run }, definition } = context;
  const title = (await textOf(context, node, 'objective')) ?? node.node_id;
  const hold = holdOfNode(run, node.node_id);
  if (hold !== undefined) return policyTexts(title, node, hold);
  return { title, instructions: await textOf(context, node, 'gate.instructions'), released: releasedBy(run, definition, node.node_id) };
};

/** False when the gate may not open. When its texts cannot be resolved, the run fails: nobody can sign what nobody can read. */
export const openGate = async (context: NodeContext & { readonly digest: Digest }, node: FlowNode): Promise<boolean> => {
  const { session } = context;
  try {
    const { title, instructions, released } = await textsOf(context, node);
    const shown = await Promise.all(released.map((step) => shownArguments(context, step)));
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
