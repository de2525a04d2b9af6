import type { ObservedPolicyDecision, Run } from '@cs/contracts';

/** Openings of the gates of a run: the one that is open, and those that were settled. */
export type RunGates = Pick<Run['checkpoint'], 'awaiting_gate' | 'gate_history'>;

/** The opening that asks for each decision's approval. One that a run dropped when it ended is not known any more. */
const openings = ({ awaiting_gate, gate_history }: RunGates): ReadonlyMap<string, string> =>
  new Map([...gate_history, ...(awaiting_gate === undefined ? [] : [awaiting_gate])].flatMap(({ policy, gate_opening_id }) => (policy === undefined ? [] : [[policy.decision_id, gate_opening_id] as const])));

/** Decisions that ask for an approval name the opening that asks for it: the decision is recorded before its gate opens. */
export const withRequestedApprovals = (decisions: readonly ObservedPolicyDecision[], gates: RunGates): readonly ObservedPolicyDecision[] => {
  const asked = openings(gates);
  return decisions.map((made) => (made.decision === 'approval_required' ? { ...made, approval_id: asked.get(made.decision_id) ?? made.approval_id } : made));
};
