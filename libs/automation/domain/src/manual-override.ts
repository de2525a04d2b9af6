import type { AutomationDefinition } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';

/**
 * The first of these nodes whose retry policy wants operators to say why it is to be done again, when they
 * do not (domain 2.7, `manual_override`); `undefined` when there is none.
 */
export const nodeAskingForReason = (definition: AutomationDefinition, node_ids: readonly string[], reason: string | undefined): string | undefined => {
  if ((reason ?? '').trim() !== '') return undefined;
  const { nodes } = flowGraph(definition);
  return node_ids.find((node_id) => {
    const rule = nodes.get(node_id)?.retry_policy?.manual_override;
    return rule?.enabled === true && rule.requires_reason;
  });
};
