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

type Cast = Pick<GateVote, 'voter' | 'on_behalf_of' | 'also_known_as'>;

/** Every name of whose vote it is. */
export const seatNamesOf = ({ voter, on_behalf_of, also_known_as = [] }: Cast): readonly string[] => (on_behalf_of === undefined ? [voter, ...also_known_as] : [voter]);

/** Every name of the person who cast it, whoever's it is. */
export const casterNamesOf = ({ voter, on_behalf_of, also_known_as = [] }: Cast): readonly string[] => [on_behalf_of?.stand_in ?? voter, ...also_known_as];

const meet = (some: readonly string[], others: readonly string[]): boolean => some.some((name) => others.includes(name));

/** Two votes for one seat, by whatever name. */
export const isSameSeat = (one: Cast, other: Cast): boolean => meet(seatNamesOf(one), seatNamesOf(other));

/** Two votes that one person cast, by whatever name. */
export const isSameCaster = (one: Cast, other: Cast): boolean => meet(casterNamesOf(one), casterNamesOf(other));
