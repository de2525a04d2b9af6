import type { GateDecision, GateVote, PendingGate } from '@cs/contracts';

type Voting = Pick<PendingGate, 'approvals_required' | 'approvers' | 'voting'>;

/** A gate at which one person's word is not the last. */
export const isVoting = ({ approvals_required = 1, voting = 'veto' }: Voting): boolean => approvals_required > 1 || voting === 'majority';

const count = (votes: readonly GateVote[], decision: GateDecision): number => votes.filter((vote) => vote.decision === decision).length;

/** Of those who do not approve, what most want; when they are even, that the run ends. */
const refusalOf = (votes: readonly GateVote[]): GateDecision => (count(votes, 'rework') > count(votes, 'cancel') ? 'rework' : 'cancel');

/**
 * What the votes decide, if they do already. Approved with the approvals that are required. Otherwise by
 * the first who does not approve or, by majority among the people named, when those who are left could
 * not make up the approvals any more.
 */
export const tally = ({ approvals_required = 1, approvers = [], voting = 'veto' }: Voting, votes: readonly GateVote[]): GateDecision | undefined => {
  if (count(votes, 'approve') >= approvals_required) return 'approve';
  const against = votes.length - count(votes, 'approve');
  const bearable = voting === 'veto' ? 0 : approvers.length - approvals_required;
  return against > bearable ? refusalOf(votes) : undefined;
};
