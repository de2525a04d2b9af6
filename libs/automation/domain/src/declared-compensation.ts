import type { DeclaredCompensation, FlowNode } from '@cs/contracts';

const reviewed = { compensation_type: 'operator_review', approval_required: true } as const;

/** What a node declares to undo its effect with; a request alone is one that a person approves. What is consequential is always approved. */
export const declaredCompensation = ({ compensate, risk_tier, data_classes = [] }: FlowNode): DeclaredCompensation | undefined => {
  if (compensate === undefined) return undefined;
  const declared = 'kind' in compensate ? { ...reviewed, action: compensate } : compensate;
  return risk_tier !== undefined || data_classes.length > 0 ? { ...declared, approval_required: true } : declared;
};
