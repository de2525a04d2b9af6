import type { Approver, FlowNode, Problem } from '@cs/contracts';

const keyOf = ({ kind, id }: Approver): string => `${kind}:${id.trim().toLowerCase()}`;

interface Quorum {
  readonly approvers: readonly Approver[];
  readonly required: number;
  readonly path: string;
}

/** Somebody who is named twice in the list at `path`. */
export const approverProblems = (approvers: readonly Approver[], path: string): readonly Problem[] =>
  approvers.flatMap((approver, index) =>
    approvers.findIndex((other) => keyOf(other) === keyOf(approver)) < index
      ? [{ path: `${path}[${index}]`, code: 'approver_duplicate', message: `${approver.kind} "${approver.id}" is named already` }]
      : [],
  );

/** Whoever has a role or is in a group cannot be counted beforehand; named people can. */
const isCountable = ({ approvers }: Quorum): boolean => approvers.length > 0 && approvers.every(({ kind }) => kind === 'person');

const impossible = (quorum: Quorum): readonly Problem[] => {
  const people = new Set(quorum.approvers.map(keyOf)).size;
  if (!isCountable(quorum) || people >= quorum.required) return [];
  return [{ path: `${quorum.path}.approvals_required`, code: 'approval_quorum_impossible', message: `${quorum.required} approvals are required of ${people} people` }];
};

/** Votes at a gate that could never be won, or could not be counted. */
export const quorumProblems = ({ gate }: FlowNode, index: number): readonly Problem[] => {
  const quorum: Quorum = { approvers: gate?.approvers ?? [], required: gate?.approvals_required ?? 1, path: `flow.nodes[${index}].gate` };
  const uncountable: readonly Problem[] = gate?.voting === 'majority' && !isCountable(quorum)
    ? [{ path: `${quorum.path}.voting`, code: 'approval_majority_uncountable', message: 'a majority is one of people who are named: give "approvers" of kind "person" only' }]
    : [];
  return [...approverProblems(quorum.approvers, `${quorum.path}.approvers`), ...impossible(quorum), ...uncountable];
};
