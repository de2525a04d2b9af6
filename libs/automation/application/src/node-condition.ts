import type { FlowNode } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { evaluateText } from './expression-text.js';
import { scopeOf, type NodeContext } from './node-context.js';
import { failedBy } from './node-failure.js';

/** Conditions hold for anything but false, null, nothing, 0, "" and an empty list. */
const isTrue = (value: Json | undefined): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** Judges the conditions of nodes that are about to begin: gates and waits too. */
export class NodeConditions {
  readonly #context: NodeContext;
  /** What a node depends on does not change while it is ready: a condition is judged once. */
  readonly #held = new Set<string>();

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** False when the node does not begin: it is skipped, or failed with the path of its condition. */
  async holds(node: FlowNode): Promise<boolean> {
    const key = this.#keyOf(node);
    if (node.when === undefined || this.#held.has(key)) return true;
    const holds = await this.#judge(node, node.when);
    if (holds) this.#held.add(key);
    return holds;
  }

  async #judge(node: FlowNode, when: string): Promise<boolean> {
    const { session, evaluator } = this.#context;
    const { node_id } = node;
    try {
      if (isTrue(await evaluateText(when, 'when', { evaluator, scope: scopeOf(this.#context, node) }))) return true;
      session.apply({ type: 'skip_node', node_id, reason: 'its condition does not hold' });
    } catch (error) {
      session.apply({ type: 'reject_node', node_id, failure: failedBy(error).failure });
    }
    return false;
  }

  #keyOf({ node_id }: FlowNode): string {
    return `${node_id}:${this.#context.session.run.checkpoint.node_generations[node_id] ?? 0}`;
  }
}
